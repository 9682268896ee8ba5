"""Measures whether states, and the losses of later positions, grow along a sequence."""

from collections.abc import Iterator

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.cells.linearisation import Linearisation
from worker.probes.card import Look, ProbeCard
from worker.replay.preparation import linearise_network

NORM, GROWTH = "state_norm", "state_growth"
NUM_SEQUENCES = 32
#: States of the second quarter are compared with those of the last: the first has the transient.
QUARTERS = 4
_TINY = 1e-300


def measure_state_growth(look: Look) -> tuple[ScalarReading | ProbeGap, ...]:
    """Measures `state_norm` and `state_growth` of each layer and direction."""
    part = look.first(NUM_SEQUENCES)
    lengths_B = part.valid_lengths()
    found: list[ScalarReading | ProbeGap] = []
    for level in linearise_network(look.model, part):
        for cell in level:
            found += _of_cell(look, cell, lengths_B)
    return tuple(found)


def _of_cell(
    look: Look, cell: Linearisation, lengths_B: Tensor
) -> Iterator[ScalarReading | ProbeGap]:
    scope = cell.states.scope
    squares_PB = torch.stack([part_PBH.square().sum(dim=2) for part_PBH in cell.state_parts]).sum(0)
    norm_PB = squares_PB.sqrt()
    position_P1 = torch.arange(norm_PB.shape[0], device=norm_PB.device)[:, None]
    quarter_PB = QUARTERS * position_P1 // lengths_B
    is_valid_PB = position_P1 < lengths_B
    yield look.reading(NORM, scope, float(norm_PB[is_valid_PB].square().mean().sqrt()))
    early = norm_PB[is_valid_PB & (quarter_PB == 1)]
    late = norm_PB[is_valid_PB & (quarter_PB == QUARTERS - 1)]
    if not early.numel() or not late.numel():
        yield look.gap(GROWTH, scope, "all sequences are shorter than four timesteps")
    else:
        growth = late.square().mean().clamp(_TINY).log() - early.square().mean().clamp(_TINY).log()
        yield look.reading(GROWTH, scope, 0.5 * float(growth))


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=NORM,
            unit="1",
            formula="RMS of ||s_t||, s = h, and (h, c) for lstm",
            reduction="RMS over valid timesteps and 32 sequences",
            cost="a pass over the states of 32 sequences",
            source="Krueger & Memisevic 2016",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=GROWTH,
            unit="nats",
            formula="ln of ||s_t|| in a sequence's last quarter / in its second; positive = grows",
            reduction="RMS over the timesteps of each quarter and 32 sequences",
            cost="none: computed with state_norm",
            source="Krueger & Memisevic 2016",
            cadence=Cadence.PROBE,
        ),
    ),
    names=tuple(ProbeName(name=name, tier="standard") for name in (NORM, GROWTH)),
    measure=measure_state_growth,
)
