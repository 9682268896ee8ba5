"""Measures what the gates of single units keep over the lag that the task needs."""

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.probes.card import Look, ProbeCard
from worker.replay.preparation import enough_sequences, linearise_network

KEPT, KEEPING = "kept_over_required_lag", "keeping_units"
NUM_SEQUENCES, NUM_TIMESTEPS = 32, 1600
#: The units that keep most: a tenth of all, at least one.
TOP_SHARE = 0.1
#: A unit that keeps this much carries the gradient past the threshold of the horizon.
KEEPS = 0.01
_SMALLEST = 1e-300


def measure_gate_products(look: Look) -> tuple[ScalarReading | ProbeGap, ...]:
    """Measures `kept_over_required_lag` and `keeping_units` of each gate that keeps the state.

    The product of a gate over a window is what its unit keeps of a state: units differ, so that
    the mean gate to the power of the lag says nothing of the few that remember.
    """
    gates = [gate.name for gate in look.model.card.gates if gate.keeps_state]
    if not gates:
        return ()
    if look.required_lag is None or look.required_lag == 0:
        reason = "the lag that the task needs is unknown or 0"
        return tuple(look.gap(name, Scope.model(), reason) for name in (KEPT, KEEPING))
    count = enough_sequences(look.sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    part = look.first(count)
    lengths_B = part.valid_lengths()
    readings = []
    for level in linearise_network(look.model, part):
        for cell in level:
            values = cell.gates()
            for name in gates:
                kept_H = kept_by_units(values[name], lengths_B, lag=look.required_lag)
                scope = Scope.gate(cell.states.layer, name, cell.states.direction)
                top = kept_H.topk(max(1, round(TOP_SHARE * kept_H.numel()))).values
                readings += [
                    look.reading(KEPT, scope, float(top.mean())),
                    look.reading(KEEPING, scope, float((kept_H >= KEEPS).double().mean())),
                ]
    return tuple(readings)


def kept_by_units(gate_PBH: Tensor, lengths_B: Tensor, *, lag: int) -> Tensor:
    """(H,) geometric mean over sequences of a gate's product over the last `lag` timesteps.

    Of a sequence that is not longer than the lag, all timesteps but the first count.
    """
    position_P1 = torch.arange(gate_PBH.shape[0], device=gate_PBH.device)[:, None]
    first_B = (lengths_B - lag).clamp(min=1)
    is_passed_PB = (position_P1 >= first_B) & (position_P1 < lengths_B)
    logs_PBH = gate_PBH.clamp(min=_SMALLEST).log() * is_passed_PB[:, :, None]
    kept_H: Tensor = logs_PBH.sum(dim=0).mean(dim=0).exp()
    return kept_H


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=KEPT,
            unit="1",
            formula="product over the required lag of the gate that keeps a unit's state",
            reduction="geometric mean over 32 sequences; mean of the tenth of units that keep most",
            cost="the gates of 32 sequences, one product",
            source="Tallec & Ollivier 2018",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=KEEPING,
            unit="1",
            formula="share of units whose product over the required lag is at least 0.01",
            reduction="mean over units",
            cost="none: computed with kept_over_required_lag",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=tuple(
        ProbeName(name=name, tier="standard", needs="gates that keep the state")
        for name in (KEPT, KEEPING)
    ),
    measure=measure_gate_products,
)
