"""Measures Lyapunov exponents: rates at which directions grow or shrink along a trajectory.

Benettin's method: tangents of each sequence, from random directions of its own, are carried forward
with a QR factorisation at each timestep. The transient at the start, in which states leave the
initial one and directions align, is not counted.
Shapes: P counted timesteps, B sequences, K exponents, S state coordinates.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.telemetry import ProbeGap, Reading, ScalarReading
from worker.cells.linearisation import Linearisation
from worker.probes.card import Look, ProbeCard
from worker.replay.jacobians import settled_timesteps
from worker.replay.network import LayerCells
from worker.replay.preparation import enough_sequences, is_finite, linearise_network
from worker.replay.sample import ProbeSample

#: Names that ask for the largest exponents and for all of them.
EXPONENTS, SPECTRUM = "lyapunov_exponents", "lyapunov_spectrum"
#: The error of the mean depends on the total of timesteps, not on how many sequences have them.
NUM_SEQUENCES, NUM_TIMESTEPS = 8, 800
NUM_EXPONENTS = 4
#: Ends of the interval of the largest exponent, and the blocks that it is over where there are
#: enough timesteps; it needs half as many.
LOW, HIGH = "lyapunov_1.low", "lyapunov_1.high"
MIN_BLOCKS = 8
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
    counted = settled_timesteps(shortest)
    for level in stack:
        for cell in level:
            reason = _reason_against(cell, stack, is_whole=most is None)
            if reason is not None:
                yield look.gap(_exponent(1), cell.states.scope, reason)
                continue
            count = cell.state_size if most is None else min(most, cell.state_size)
            growth_PBK = local_growth(cell, num_timesteps=shortest, count=count)[counted.start :]
            for rank, value in enumerate(growth_PBK.mean(dim=(0, 1)), start=1):
                yield look.reading(_exponent(rank), cell.states.scope, float(value))
            interval = mean_interval(growth_PBK[:, :, 0])
            if interval is not None:
                for quantity, end in zip((LOW, HIGH), interval, strict=True):
                    yield look.reading(quantity, cell.states.scope, end)


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
    """(B, K) in nats per timestep, over the timesteps past the transient at the start."""
    growth_PBK = local_growth(cell, num_timesteps=num_timesteps, count=count)
    return growth_PBK[transient:].mean(dim=0)


def local_growth(cell: Linearisation, *, num_timesteps: int, count: int) -> Tensor:
    """(P, B, K) nats by which the k-th direction grows in each timestep."""
    batch_size = cell.states.hidden_PBH.shape[1]
    like = cell.states.hidden_PBH
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, cell.state_size, count)
    start_BSK = torch.randn(shape, dtype=torch.float64, generator=generator)
    frame_BSK = torch.linalg.qr(start_BSK.to(like.device)).Q
    rows_N = torch.arange(batch_size, device=like.device).repeat_interleave(count)
    growth = []
    for p in range(num_timesteps):
        ahead_NS = cell.forward(p, rows_N, frame_BSK.mT.reshape(batch_size * count, -1))
        factors = torch.linalg.qr(ahead_NS.view(batch_size, count, -1).mT)
        frame_BSK = factors.Q
        growth.append(factors.R.diagonal(dim1=1, dim2=2).abs().log())
    return torch.stack(growth)


def mean_interval(growth_PB: Tensor) -> tuple[float, float] | None:
    """The 95 % interval of the mean, by Student's t over blocks of timesteps of each sequence.

    None with fewer blocks than an interval needs. A sequence is one block where there are enough of
    them, and else several: growth in timesteps that follow each other is correlated.
    """
    num_timesteps, batch_size = growth_PB.shape
    per_sequence = min(-(-MIN_BLOCKS // batch_size), num_timesteps)
    blocks_M = torch.cat([part.mean(dim=0) for part in growth_PB.tensor_split(per_sequence)])
    num_blocks = len(blocks_M)
    if num_blocks < MIN_BLOCKS // 2:
        return None
    error = float(blocks_M.std()) / math.sqrt(num_blocks)
    mean, width = float(growth_PB.mean()), student_quantile(num_blocks - 1) * error
    return mean - width, mean + width


def student_quantile(degrees: int) -> float:
    """The 97.5 % quantile of Student's t, to 1 % from 3 degrees of freedom on.

    By the expansion in 1 / degrees around the normal quantile (Abramowitz & Stegun 26.7.5).
    """
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


CARD = ProbeCard(
    quantities=(
        *(
            Quantity(
                name=_exponent(rank),
                unit="nats / timestep",
                formula=(
                    f"Lyapunov exponent {rank} of a layer by QR along its states; positive = grows"
                ),
                reduction=(
                    "mean over timesteps past a transient and 8 sequences (whole spectrum: 2)"
                ),
                cost="k tangent products and a QR of S x k a timestep; k = 4, or S on request",
                source="Benettin et al. 1980",
                cadence=Cadence.PROBE,
                rank=rank,
            )
            for rank in range(1, NUM_EXPONENTS + 1)
        ),
        *(
            Quantity(
                name=name,
                unit="nats / timestep",
                formula=f"{end} end of the 95 % interval of lyapunov_1, by Student's t",
                reduction="over at least 8 blocks: sequences, or parts of their timesteps",
                cost="none: computed with lyapunov_1",
                source="measured",
                cadence=Cadence.PROBE,
            )
            for name, end in ((LOW, "lower"), (HIGH, "upper"))
        ),
    ),
    names=(
        ProbeName(name=EXPONENTS, tier="standard"),
        ProbeName(name=SPECTRUM, tier=None),
    ),
    names_of=_names_of,
    measure=measure_lyapunov_exponents,
)
