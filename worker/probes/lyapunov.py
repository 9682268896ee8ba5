"""Lyapunov exponents: rates at which directions grow or shrink along a trajectory, in nats.

The adjoint products J_1ᵀ…J_Tᵀ have the singular values of the forward ones, so the backward
recursion serves (Benettin's method with a QR factorisation at each timestep).
"""

import torch
from torch import Tensor

from app.domain.telemetry import ScalarReading
from worker.replay.cells import Linearisation
from worker.replay.preparation import is_finite, linearise_network
from worker.replay.sample import ProbeSample, ReplayableNetwork

NUM_SEQUENCES = 8
NUM_EXPONENTS = 4
#: Share of the timesteps, from the end, in which the directions align before they count.
TRANSIENT_FRACTION = 0.2


def measure_lyapunov_exponents(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int
) -> tuple[ScalarReading, ...]:
    """`lyapunov_1` … of each layer's own recurrence, mean over sequences, largest first."""
    lengths_B = sample.valid_lengths()
    part = sample.take(0, NUM_SEQUENCES, many_to_one=model.many_to_one)
    shortest = int(lengths_B[:NUM_SEQUENCES].min())
    stack = linearise_network(model, part)
    if not is_finite(stack):
        return ()
    readings: list[ScalarReading] = []
    for level in stack:
        for cell in level:
            count = min(NUM_EXPONENTS, cell.state_size)
            transient = int(TRANSIENT_FRACTION * shortest)
            exponents_BK = lyapunov_exponents(
                cell, num_timesteps=shortest, count=count, transient=transient
            )
            readings += [
                ScalarReading(
                    step=step,
                    quantity=f"lyapunov_{k}",
                    scope=cell.states.scope,
                    value=float(value),
                )
                for k, value in enumerate(exponents_BK.mean(dim=0), start=1)
            ]
    return tuple(readings)


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
