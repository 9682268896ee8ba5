"""How far back a target depends on the input, by the held-out gain of context."""

import numpy as np

from app.domain.task import LagSource, RequiredLag
from app.domain.telemetry import DoubleArray

#: Nats by which the shortest sufficient context may be worse than the best: 2 % of a squared error.
TOLERANCE = 0.01
#: Shares of the gain at which the smallest lag and the median are read.
SHORTEST_SHARE, MEDIAN_SHARE = 0.05, 0.5


def estimated(
    loss_C: DoubleArray, *, by: str, is_cut_short: bool, chance_C: DoubleArray | float = 0.0
) -> RequiredLag:
    """The lag from held-out losses, in nats a target, with 0, 1, 2, … timesteps of context.

    The input at the moment of the prediction is at lag 0, so n timesteps reach back to lag n − 1.
    `is_cut_short` says that the sequences have more timesteps than could be tried. `chance_C` is by
    how many nats each may be worse than the best by chance: such a context is sufficient.
    """
    longest = len(loss_C) - 1
    gain_C = loss_C[0] - loss_C
    best = float(gain_C.max())
    tried = f"{by} on contexts of 1 to {longest} timesteps"
    if best <= TOLERANCE:
        return RequiredLag(method=f"{tried} gains nothing held out: another model may")
    enough = int(np.argmax(gain_C >= best - np.maximum(chance_C, TOLERANCE)))
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
        source=LagSource.ESTIMATED,
        method=method,
    )
