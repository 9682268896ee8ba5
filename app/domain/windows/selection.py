"""Which windows of a long run a diagnosis reads, because it cannot read all.

Legend: w windows of the lowest level, in order.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.windows.overview import Outlines

#: Windows at the end, for what is present.
NUM_LAST = 4
#: Windows that are spread evenly over the run, for medians and shares.
NUM_SPREAD = 64
#: Windows with the largest loss and gradient, each absolute and relative to what came before.
NUM_EXTREME = 8
#: Windows with a step that is not finite: half of them the first, half the last.
NUM_BAD = 64

_Places = NDArray[np.int64]


def choose_windows(
    loss_w: Outlines, grad_norm_w: Outlines, non_finite_count_w: Outlines
) -> NDArray[np.int64]:
    """Returns the positions of the chosen windows, ascending. The series have the same windows.

    These are the first window, the last ones, evenly spread ones, those with the largest loss and
    gradient, those where these rise most above the median of the window before, and those with a
    step that is not finite. The window before an extreme or a bad one is chosen too.
    """
    size = loss_w.size
    spread = np.linspace(0, size - 1, min(NUM_SPREAD, size)).round().astype(np.int64)
    noticed = np.concatenate(
        [
            *_extremes(loss_w),
            *_extremes(grad_norm_w),
            _bad(loss_w, grad_norm_w, non_finite_count_w),
        ]
    )
    last = np.arange(size - NUM_LAST, size)
    chosen = np.unique(np.concatenate([[0], spread, last, noticed, noticed - 1]))
    return chosen[chosen >= 0]


def step_ranges(outlines_w: Outlines, chosen: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yields the first and the last step of each row of neighbouring windows."""
    for run in np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1):
        yield int(outlines_w["first_step"][run[0]]), int(outlines_w["last_step"][run[-1]])


def _extremes(outlines_w: Outlines) -> Iterator[_Places]:
    greatest_w = np.nan_to_num(outlines_w["greatest"].astype(np.float64), nan=-np.inf)
    yield np.argsort(greatest_w, kind="stable")[-NUM_EXTREME:]
    before_w = np.abs(np.roll(outlines_w["median"].astype(np.float64), 1))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rise_w = np.nan_to_num(greatest_w / before_w, nan=-np.inf)
    rise_w[0] = -np.inf
    yield np.argsort(rise_w, kind="stable")[-NUM_EXTREME:]


def _bad(loss_w: Outlines, grad_norm_w: Outlines, non_finite_count_w: Outlines) -> _Places:
    has_bad_w = (
        (loss_w["num_non_finite"] > 0)
        | (grad_norm_w["num_non_finite"] > 0)
        | (non_finite_count_w["greatest"] > 0)
        | (non_finite_count_w["num_non_finite"] > 0)
    )
    (bad,) = np.nonzero(has_bad_w)
    return np.concatenate([bad[: NUM_BAD // 2], bad[-NUM_BAD // 2 :]])
