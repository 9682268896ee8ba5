"""Checks that the backward recursion is the transpose of the forward one: ⟨u, J v⟩ = ⟨Jᵀu, v⟩."""

import torch
from torch import Tensor

from app.domain.quantities.probe import Check
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.cells.linearisation import Linearisation
from worker.probes.card import Look, ProbeCard
from worker.replay.preparation import is_finite, linearise_network

#: Products over more timesteps or sequences would check the same closed forms again.
MAX_TIMESTEPS = 25
NUM_SEQUENCES = 2
QUANTITY = "adjoint_error"


def measure_adjoint_error(look: Look) -> tuple[ScalarReading | ProbeGap, ...]:
    """Measures `adjoint_error` of each layer and direction, about 1e-14."""
    part = look.first(NUM_SEQUENCES)
    stack = linearise_network(look.model, part)
    if not is_finite(stack):
        return (look.gap(QUANTITY, Scope.model(), "the states are not finite"),)
    shortest = int(part.valid_lengths().min())
    return tuple(
        look.reading(
            QUANTITY,
            cell.states.scope,
            adjoint_error(cell, num_timesteps=min(MAX_TIMESTEPS, shortest)),
        )
        for level in stack
        for cell in level
    )


def adjoint_error(cell: Linearisation, *, num_timesteps: int) -> float:
    """Largest |⟨u, Jv⟩ − ⟨Jᵀu, v⟩| / (‖u‖ ‖Jv‖) over sequences.

    J is the product of the Jacobians of all timesteps. Both products are brought back to norm 1 at
    every timestep, since they may fall far below the smallest double.
    """
    num_sequences = cell.states.hidden_PBH.shape[1]
    generator = torch.Generator().manual_seed(0)
    shape = (2, num_sequences, cell.state_size)
    drawn = torch.randn(shape, dtype=torch.float64, generator=generator)
    ahead_BS, back_BS = torch.nn.functional.normalize(drawn.to(cell.states.hidden_PBH), dim=2)
    start_BS, end_BS = ahead_BS, back_BS
    log_ahead_B = log_back_B = cell.states.hidden_PBH.new_zeros(num_sequences)
    rows = slice(num_sequences)
    for p in range(num_timesteps):
        ahead_BS, gained_B = _unit(cell.forward(p, rows, ahead_BS))
        log_ahead_B = log_ahead_B + gained_B
    for p in reversed(range(num_timesteps)):
        back_BS, gained_B = _unit(cell.backward(p, rows, back_BS)[1])
        log_back_B = log_back_B + gained_B
    return _disagreement(
        (end_BS * ahead_BS).sum(dim=1), (back_BS * start_BS).sum(dim=1), log_back_B - log_ahead_B
    )


def _unit(values_BS: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of norm 1, and the logarithms of the norms; rows of zeros stay zeros."""
    peak_B1 = values_BS.abs().amax(dim=1, keepdim=True)
    scaled_BS = values_BS / torch.where(peak_B1 > 0, peak_B1, 1.0)
    norm_B1 = torch.linalg.vector_norm(scaled_BS, dim=1, keepdim=True)
    unit_BS = scaled_BS / torch.where(norm_B1 > 0, norm_B1, 1.0)
    return unit_BS, (peak_B1.log() + norm_B1.log())[:, 0]


def _disagreement(ahead_B: Tensor, back_B: Tensor, log_ratio_B: Tensor) -> float:
    """The largest error; none where both products are exactly 0."""
    is_zero_B = (ahead_B == 0) & (back_B == 0)
    error_B = (ahead_B - back_B * log_ratio_B.exp()).abs()
    return float(torch.where(is_zero_B, 0.0, error_B).max())


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=QUANTITY,
            unit="1",
            formula=(
                "largest |<u, Jv> - <J'u, v>| / (|u| |Jv|), J the product of a layer's timesteps"
            ),
            reduction="largest over 2 sequences",
            cost="up to 100 timesteps forward and back",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    # the replay works in double precision, whatever the run's precision is
    checks=(
        Check(
            quantity=QUANTITY, name="adjoint_identity", limits={"float32": 1e-9, "float64": 1e-9}
        ),
    ),
    measure=measure_adjoint_error,
)
