"""The transforms of a target whose level drifts, or whose changes grow with its level.

Shapes: n rows of a series, K blocks of rows.
"""

from collections.abc import Sequence

import numpy as np

from app.domain.specs.transform import TransformSpec
from app.domain.specs.transform.difference import Difference
from app.domain.specs.transform.log1p import Log1p
from app.domain.telemetry import DoubleArray

#: Share of a series that is its training part.
TRAINING = 0.7
#: Standard deviations of the training part by which the mean of the rest differs from its mean, if
#: the level drifts. Scaled by the training part, values lie then where nothing was learned.
MIN_DRIFT = 1.0
#: Blocks in which level and changes of a series are compared, the fewest of them, and the fewest
#: rows of one.
NUM_BLOCKS = 12
MIN_BLOCKS = 4
MIN_BLOCK = 8
#: Least slope of the logarithm of the changes over that of the level, and their least correlation.
#: The power 1 - slope makes changes equal (Tukey 1977, spread-versus-level plot): 1 - 0.7 is nearer
#: to the logarithm, power 0, than to the square root.
MIN_SLOPE, MIN_CORRELATION = 0.7, 0.7
#: Least ratio of the highest level and the lowest.
MIN_LEVEL_RATIO = 2.0
#: Least median of the target: ln(1 + y) is nearly y where y is small.
MIN_MEDIAN = 1.0


def transforms_of(
    series: Sequence[DoubleArray], *, lag: int
) -> tuple[tuple[TransformSpec, ...], tuple[str, ...]]:
    """Returns the transforms that most of the series ask for, and why.

    `series` are (n,) arrays in time order, NaN where missing; `lag` is that of a difference.
    """
    known = [one[np.isfinite(one)] for one in series]
    found: list[TransformSpec] = []
    reasons: list[str] = []
    if _most([grows_with_level(one) for one in known]):
        found.append(Log1p(kind="log1p"))
        reasons.append("transform: log1p, because changes of the target grow with its level")
    if _most([drifts(one) for one in known]):
        found.append(Difference(kind="difference", lag=lag))
        what = "the timestep" if lag == 1 else "the season"
        reasons.append(f"transform: the difference to {what} before, because the level drifts")
    return tuple(found), tuple(reasons)


def drifts(series_n: DoubleArray) -> bool:
    """Returns whether the mean of the rest lies outside of what the training part holds."""
    if len(series_n) < MIN_BLOCK:
        return False
    train_n, rest_n = np.split(series_n, [round(TRAINING * len(series_n))])
    return bool(abs(rest_n.mean() - train_n.mean()) > MIN_DRIFT * train_n.std())


def grows_with_level(series_n: DoubleArray) -> bool:
    """Returns whether changes are the larger the higher the target is, which is never below 0."""
    num_blocks = min(NUM_BLOCKS, len(series_n) // MIN_BLOCK)
    if num_blocks < MIN_BLOCKS or series_n.min() < 0 or np.median(series_n) < MIN_MEDIAN:
        return False
    blocks = np.array_split(series_n, num_blocks)
    level_K = np.array([block.mean() for block in blocks])
    change_K = np.array([np.abs(np.diff(block)).mean() for block in blocks])
    if change_K.min() <= 0 or level_K.max() < MIN_LEVEL_RATIO * level_K.min():
        return False
    level_K, change_K = np.log(level_K), np.log(change_K)
    slope = np.polyfit(level_K, change_K, 1)[0]
    return bool(slope >= MIN_SLOPE and np.corrcoef(level_K, change_K)[0, 1] >= MIN_CORRELATION)


def _most(votes: Sequence[bool]) -> bool:
    return 2 * sum(votes) > len(votes)
