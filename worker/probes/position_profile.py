"""Measures the training gradient at each position, and the part of it that enters there.

The total can be flat over position although no gradient reaches back, because the loss of every
timestep adds to it. The immediate part and the lag profile show the difference.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Form, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import DoubleArray, PositionProfile, ProbeGap, Reading
from worker.models.layers import reading_order, reorder
from worker.probes.card import Look, ProbeCard
from worker.replay.adjoint import Scaled, normalised
from worker.replay.lag_curve import log_rms
from worker.replay.network import LayerCells, norm_variants
from worker.replay.parameter_gradients import CellTrace, follow_back, mean_loss
from worker.replay.preparation import blocks, is_finite, linearise_network
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: The curves are smooth with a few already.
NUM_SEQUENCES = 16
HIDDEN, CELL = "hidden_grad_norm", "cell_grad_norm"
Found = PositionProfile | ProbeGap


def measure_position_profiles(look: Look) -> tuple[Found, ...]:
    """One profile per layer and direction, from the bottom."""
    model = look.model
    part = next(blocks(model, look.first(NUM_SEQUENCES), anchors_per_sequence=1))
    stack = linearise_network(model, part)
    if not is_finite(stack):
        return (look.gap(HIDDEN, Scope.model(), "the states are not finite"),)
    positions = _Positions(
        lengths_B=part.valid_lengths(), num_timesteps=part.x_TBI.shape[0], step=look.step
    )
    top_TBD = positions.outputs(stack[-1]).to(model.readout.weight.dtype)
    entering_TBD = _gradient_at_outputs(model, part, top_TBD)
    if not bool(entering_TBD.isfinite().all()):
        return (look.gap(HIDDEN, Scope.model(), "the gradient at the outputs is not finite"),)
    with torch.no_grad():
        traces = follow_back(stack, positions.lengths_B, entering_TBD, bptt_length=look.bptt_length)
        found = {one.cell.states.scope: positions.profile(one) for one in traces}
    return tuple(found[cell.states.scope] for level in stack for cell in level)


def _gradient_at_outputs(model: ReplayableNetwork, part: ProbeSample, top_TBD: Tensor) -> Tensor:
    """Of the sum over sequences, so that the size of the sample changes no sequence's gradient."""
    with torch.enable_grad():
        top_TBD.requires_grad_()
        loss = part.num_sequences * mean_loss(model, part, top_TBD)
        (gradient_TBD,) = torch.autograd.grad(loss, top_TBD)
    return gradient_TBD


@dataclass(frozen=True, kw_only=True)
class _Positions:
    """What all position profiles of one step share. Padded timesteps are in no curve."""

    lengths_B: Tensor
    num_timesteps: int
    step: int

    def outputs(self, top: LayerCells) -> Tensor:
        """(T, B, D·H) at natural positions."""
        order_TB = reading_order(self.lengths_B, self.num_timesteps)
        halves = [
            cell.states.hidden_PBH
            if cell.states.direction == "forward"
            else reorder(cell.states.hidden_PBH, order_TB)
            for cell in top
        ]
        return torch.cat(halves, dim=-1)

    def profile(self, found: CellTrace) -> PositionProfile:
        states, variants = found.cell.states, norm_variants(found.cell)
        by_variant = {
            variant: found.trace.log_norm_PNQ[:, :, q] for q, variant in enumerate(variants)
        }
        cell_PB = by_variant.get("cell")
        is_reverse = states.direction == "reverse"
        counts_T = self._is_there().sum(dim=1)
        return PositionProfile(
            step=self.step,
            scope=states.scope,
            layer=states.layer,
            direction=states.direction,
            log_hidden_T=self._curve(
                by_variant["whole"] if cell_PB is None else by_variant["hidden"],
                is_reverse=is_reverse,
            ),
            log_immediate_T=self._curve(_log_norm(found.entering), is_reverse=is_reverse),
            log_cell_T=None if cell_PB is None else self._curve(cell_PB, is_reverse=is_reverse),
            num_sequences_T=counts_T.to(torch.int32).cpu().numpy(),
        )

    def _curve(self, log_norm_PB: Tensor, *, is_reverse: bool) -> DoubleArray:
        """RMS over the sequences that have the position."""
        if is_reverse:
            order_TB = reading_order(self.lengths_B, self.num_timesteps)
            log_norm_PB = log_norm_PB.gather(0, order_TB)
        is_there_TB = self._is_there()
        there_TB = torch.where(is_there_TB, log_norm_PB[: is_there_TB.shape[0]], torch.nan)
        return log_rms(np.ascontiguousarray(there_TB.T.cpu().numpy()))

    def _is_there(self) -> Tensor:
        """(T, B), True within each sequence; T is the longest length."""
        longest = int(self.lengths_B.max())
        t_T1 = torch.arange(longest, device=self.lengths_B.device)[:, None]
        is_there_TB: Tensor = t_T1 < self.lengths_B
        return is_there_TB


def _log_norm(values: Scaled) -> Tensor:
    unit = normalised(values)
    log_norm: Tensor = torch.linalg.vector_norm(unit.mantissa, dim=-1).log() + unit.log_scale
    return log_norm


def _names_of(reading: Reading) -> tuple[str, ...]:
    """A profile answers for the cell state where it has one; a gap answers for both."""
    has_no_cell = isinstance(reading, PositionProfile) and reading.log_cell_T is None
    return (HIDDEN,) if has_no_cell else (HIDDEN, CELL)


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=HIDDEN,
            unit="loss / state",
            formula=(
                "RMS over sequences of ||dL / dh_t||, L the sum of their shares in the mean loss"
            ),
            reduction="RMS over 16 sequences, position by position",
            cost="one replay and one backward recursion a layer, in double precision",
            source="Pascanu et al. 2013",
            cadence=Cadence.PROBE,
            form=Form.CURVE,
        ),
        Quantity(
            name=CELL,
            unit="loss / state",
            formula="RMS over sequences of ||dL / dc_t|| of an lstm, L as in hidden_grad_norm",
            reduction="RMS over 16 sequences, position by position",
            cost="none: computed with hidden_grad_norm",
            source="Hochreiter & Schmidhuber 1997",
            cadence=Cadence.PROBE,
            form=Form.CURVE,
        ),
        Quantity(
            name="immediate_grad_norm",
            unit="loss / state",
            formula=(
                "RMS over sequences of the part of dL / dh_t that enters at t, not through t + 1"
            ),
            reduction="RMS over 16 sequences, position by position",
            cost="none: computed with hidden_grad_norm",
            source="Pascanu et al. 2013",
            cadence=Cadence.PROBE,
            form=Form.CURVE,
        ),
    ),
    names=(
        ProbeName(name=HIDDEN, tier="full"),
        ProbeName(name=CELL, tier="full", needs="cell state (lstm)"),
    ),
    names_of=_names_of,
    measure=measure_position_profiles,
)
