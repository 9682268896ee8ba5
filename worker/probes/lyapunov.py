"""Lyapunov exponents: rates at which directions grow or shrink along a trajectory, in nats.

The adjoint products J_1ᵀ…J_Tᵀ have the singular values of the forward ones, so the backward
recursion serves (Benettin's method with a QR factorisation at each timestep).
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from app.domain.telemetry import ProbeGap, ScalarReading
from worker.cells.linearisation import Linearisation
from worker.replay.jacobians import TRANSIENT_FRACTION
from worker.replay.network import LayerCells
from worker.replay.preparation import enough_sequences, is_finite, linearise_network
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: A mean over a trajectory scatters with the timesteps in all, whose sequences they are.
NUM_SEQUENCES, NUM_TIMESTEPS = 8, 800
NUM_EXPONENTS = 4
#: Of the whole spectrum each timestep costs the cube of the state's size.
NUM_SPECTRUM_SEQUENCES = 2
MAX_SPECTRUM_SIZE = 512


def measure_lyapunov_exponents(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading | ProbeGap, ...]:
    """`lyapunov_1` … of each layer's own recurrence, mean over sequences, largest first."""
    count = enough_sequences(sample, num_timesteps=NUM_TIMESTEPS, most=NUM_SEQUENCES)
    part = sample.take(0, count, many_to_one=model.many_to_one)
    return tuple(_measure(model, part, step, most=NUM_EXPONENTS))


def measure_lyapunov_spectrum(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading | ProbeGap, ...]:
    """All of them: as many as the state has coordinates, twice the units for an LSTM."""
    part = sample.take(0, NUM_SPECTRUM_SEQUENCES, many_to_one=model.many_to_one)
    return tuple(_measure(model, part, step, most=None))


def _measure(
    model: ReplayableNetwork, part: ProbeSample, step: int, *, most: int | None
) -> Iterator[ScalarReading | ProbeGap]:
    stack = linearise_network(model, part)
    shortest = int(part.valid_lengths().min())
    transient = int(TRANSIENT_FRACTION * shortest)
    for level in stack:
        for cell in level:
            reason = _reason_against(cell, stack, is_whole=most is None)
            if reason is not None:
                scope = cell.states.scope
                yield ProbeGap(step=step, quantity="lyapunov_1", scope=scope, reason=reason)
                continue
            count = cell.state_size if most is None else min(most, cell.state_size)
            exponents_BK = lyapunov_exponents(
                cell, num_timesteps=shortest, count=count, transient=transient
            )
            for rank, value in enumerate(exponents_BK.mean(dim=0), start=1):
                yield ScalarReading(
                    step=step,
                    quantity=f"lyapunov_{rank}",
                    scope=cell.states.scope,
                    value=float(value),
                )


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
    """(B, K) nats per timestep over the first timesteps read, less those of the transient."""
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
