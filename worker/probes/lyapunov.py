"""Measures Lyapunov exponents: rates at which directions grow or shrink along a trajectory.

The adjoint products J_1ᵀ…J_Tᵀ have the singular values of the forward ones, so the backward
recursion is used (Benettin's method with a QR factorisation at each timestep).
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.telemetry import ProbeGap, Reading, ScalarReading
from worker.cells.linearisation import Linearisation
from worker.probes.card import Look, ProbeCard
from worker.replay.jacobians import TRANSIENT_FRACTION
from worker.replay.network import LayerCells
from worker.replay.preparation import enough_sequences, is_finite, linearise_network
from worker.replay.sample import ProbeSample

#: Names that ask for the largest exponents and for all of them.
EXPONENTS, SPECTRUM = "lyapunov_exponents", "lyapunov_spectrum"
#: The error of the mean depends on the total of timesteps, not on how many sequences have them.
NUM_SEQUENCES, NUM_TIMESTEPS = 8, 800
NUM_EXPONENTS = 4
#: For the whole spectrum each timestep costs the cube of the state's size.
NUM_SPECTRUM_SEQUENCES = 2
MAX_SPECTRUM_SIZE = 512


def measure_lyapunov_exponents(look: Look) -> tuple[ScalarReading | ProbeGap, ...]:
    """Measures `lyapunov_1`, `lyapunov_2`, … of each layer, largest first.

    The whole spectrum, where it is wanted, has as many exponents as the state has coordinates: for
    an LSTM twice the units. It includes the largest ones, which are not measured again.
    """
    if SPECTRUM in look.wanted:
        return tuple(_measure(look, look.first(NUM_SPECTRUM_SEQUENCES), most=None))
    count = enough_sequences(look.sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    return tuple(_measure(look, look.first(count), most=NUM_EXPONENTS))


def _measure(
    look: Look, part: ProbeSample, *, most: int | None
) -> Iterator[ScalarReading | ProbeGap]:
    stack = linearise_network(look.model, part)
    shortest = int(part.valid_lengths().min())
    transient = int(TRANSIENT_FRACTION * shortest)
    for level in stack:
        for cell in level:
            reason = _reason_against(cell, stack, is_whole=most is None)
            if reason is not None:
                yield look.gap(_exponent(1), cell.states.scope, reason)
                continue
            count = cell.state_size if most is None else min(most, cell.state_size)
            exponents_BK = lyapunov_exponents(
                cell, num_timesteps=shortest, count=count, transient=transient
            )
            for rank, value in enumerate(exponents_BK.mean(dim=0), start=1):
                yield look.reading(_exponent(rank), cell.states.scope, float(value))


def _exponent(rank: int) -> str:
    return f"lyapunov_{rank}"


def _names_of(_: Reading) -> tuple[str, ...]:
    return (EXPONENTS, SPECTRUM)


def _reason_against(
    cell: Linearisation, stack: tuple[LayerCells, ...], *, is_whole: bool
) -> str | None:
    if not is_finite(stack):
        return "the states are not finite"
    if len(stack[cell.states.layer]) > 1:
        return "a bidirectional layer reads from both ends: there is no one trajectory to follow"
    if is_whole and cell.state_size > MAX_SPECTRUM_SIZE:
        return f"the state has {cell.state_size} coordinates, more than {MAX_SPECTRUM_SIZE}"
    return None


def lyapunov_exponents(
    cell: Linearisation, *, num_timesteps: int, count: int, transient: int
) -> Tensor:
    """(B, K) in nats per timestep, over the first timesteps that are read after the transient."""
    batch_size = cell.states.hidden_PBH.shape[1]
    like = cell.states.hidden_PBH
    generator = torch.Generator().manual_seed(0)
    start_SK = torch.randn(cell.state_size, count, dtype=torch.float64, generator=generator)
    frame_BSK = torch.linalg.qr(start_SK.to(like.device)).Q.expand(batch_size, -1, -1)
    rows_N = torch.arange(batch_size, device=like.device).repeat_interleave(count)
    sums_BK = like.new_zeros(batch_size, count)
    for counted, p in enumerate(reversed(range(num_timesteps))):
        _, back_NS = cell.backward(p, rows_N, frame_BSK.mT.reshape(batch_size * count, -1))
        factors = torch.linalg.qr(back_NS.view(batch_size, count, -1).mT)
        frame_BSK = factors.Q
        if counted >= transient:
            sums_BK = sums_BK + factors.R.diagonal(dim1=1, dim2=2).abs().log()
    return sums_BK / (num_timesteps - transient)


CARD = ProbeCard(
    quantities=tuple(
        Quantity(
            name=_exponent(rank),
            unit="nats / timestep",
            formula=f"Lyapunov exponent {rank} of a layer by QR along its states; positive = grows",
            reduction="mean over timesteps past a transient and 8 sequences (whole spectrum: 2)",
            cost="k adjoint products and a QR of S x k a timestep; k = 4, or S on request",
            source="Benettin et al. 1980",
            cadence=Cadence.PROBE,
            rank=rank,
        )
        for rank in range(1, NUM_EXPONENTS + 1)
    ),
    names=(
        ProbeName(name=EXPONENTS, tier="standard"),
        ProbeName(name=SPECTRUM, tier=None),
    ),
    names_of=_names_of,
    measure=measure_lyapunov_exponents,
)
