"""How far back a target depends on the input, by the held-out gain of context."""

import numpy as np

from app.domain.seeding import numpy_generator
from app.domain.task import LagSource, RequiredLag
from app.domain.telemetry import DoubleArray

#: Nats by which the shortest sufficient context may be worse than the best: 2 % of a squared error.
TOLERANCE = 0.01
#: Shares of the gain at which the smallest lag and the median are read.
SHORTEST_SHARE, MEDIAN_SHARE = 0.05, 0.5
#: Blocks of successive targets that are drawn with replacement, and draws, for the interval of a
#: lag. Errors of targets that follow each other are correlated; those of blocks hardly are.
NUM_BLOCKS = 32
NUM_DRAWS = 200
#: Percentiles of the draws that are the ends of the interval.
INTERVAL = (2.5, 97.5)


def estimated(
    loss_C: DoubleArray,
    *,
    by: str,
    is_cut_short: bool,
    chance_C: DoubleArray | float = 0.0,
    drawn_RC: DoubleArray | None = None,
) -> RequiredLag:
    """The lag from held-out losses, in nats a target, with 0, 1, 2, … timesteps of context.

    The input at the moment of the prediction is at lag 0, so n timesteps reach back to lag n − 1.
    `is_cut_short` says that the sequences have more timesteps than could be tried. `chance_C` is by
    how many nats each may be worse than the best by chance: such a context is sufficient.
    `drawn_RC` are the losses over draws of the same targets; the interval is over them.
    """
    longest = len(loss_C) - 1
    gain_C = loss_C[0] - loss_C
    best = float(gain_C.max())
    tried = f"{by} on contexts of 1 to {longest} timesteps"
    if best <= TOLERANCE:
        return RequiredLag(method=f"{tried} gains nothing held out: another model may")
    enough = _enough(loss_C, chance_C)
    if enough == 0:
        return RequiredLag(method=f"{tried} gains no more held out than chance would")
    shortest, median = (
        min(enough, int(np.argmax(gain_C >= share * best)))
        for share in (SHORTEST_SHARE, MEDIAN_SHARE)
    )
    method = (
        f"{tried}: {enough} come within {TOLERANCE} nats or chance of the best held-out loss, "
        f"{median} have {MEDIAN_SHARE:.0%} of its gain"
    )
    if is_cut_short and enough == longest:
        method += "; more could not be tried"
    return RequiredLag(
        timesteps=enough - 1,
        min=shortest - 1,
        median=median - 1,
        max=int(gain_C.argmax()) - 1,
        interval=None if drawn_RC is None else _interval(drawn_RC, chance_C, enough=enough),
        source=LagSource.ESTIMATED,
        method=method,
    )


def _enough(loss_C: DoubleArray, chance_C: DoubleArray | float) -> int:
    """The shortest context that is as good as the best."""
    return int(np.argmax(loss_C <= loss_C.min() + np.maximum(chance_C, TOLERANCE)))


def _interval(
    drawn_RC: DoubleArray, chance_C: DoubleArray | float, *, enough: int
) -> tuple[int, int]:
    """The lags between which 95 % of the draws lie; the estimate is within."""
    found = [max(1, _enough(loss_C, chance_C)) for loss_C in drawn_RC]
    low, high = np.percentile(found, INTERVAL, method="nearest")
    return min(int(low), enough) - 1, max(int(high), enough) - 1


def drawn_means(values_CN: DoubleArray) -> DoubleArray:
    """(R, C) means over draws of blocks of the N successive targets."""
    num_blocks = min(NUM_BLOCKS, values_CN.shape[1])
    first_K = np.linspace(0, values_CN.shape[1], num_blocks, endpoint=False).astype(np.int64)
    sum_CK = np.add.reduceat(values_CN, first_K, axis=1)
    size_K = np.diff(first_K, append=values_CN.shape[1])
    rng = numpy_generator(0, "required_lag")
    count_RK = rng.multinomial(num_blocks, np.full(num_blocks, 1 / num_blocks), size=NUM_DRAWS)
    drawn_RC: DoubleArray = (count_RK @ sum_CK.T) / (count_RK @ size_K)[:, None]
    return drawn_RC
