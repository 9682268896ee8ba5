"""The summary of one series in one window of steps.

Legend: n readings, k non-finite readings that are listed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain.windows.exact_sums import exact_sums
from app.domain.windows.histogram import Histogram, histogram_of, merge_histograms

#: Windows of a level that make up one window of the next level.
FAN_OUT = 32
#: Steps of a window, by level.
WINDOW_STEPS = (2**10, 2**15, 2**20)
#: Non-finite readings that a window lists: all of a window of the lowest level.
MAX_LISTED = WINDOW_STEPS[0]
#: The kinds of values that are not finite; `NonFinite.kinds_k` holds indices into it.
KINDS = (float("nan"), float("inf"), float("-inf"))

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One reading."""

    step: int
    value: float


@dataclass(frozen=True, kw_only=True)
class NonFinite:
    """The readings that are NaN or infinite: how many of each kind, and the first of them."""

    num_nan: int = 0
    num_inf: int = 0
    num_negative_inf: int = 0
    #: (k,) ascending steps of the first `MAX_LISTED`.
    steps_k: IntArray
    #: (k,) indices into `KINDS`.
    kinds_k: NDArray[np.int8]

    @property
    def count(self) -> int:
        return self.num_nan + self.num_inf + self.num_negative_inf


#: Of readings that are all finite.
ALL_FINITE = NonFinite(steps_k=np.empty(0, dtype=np.int32), kinds_k=np.empty(0, dtype=np.int8))


@dataclass(frozen=True, kw_only=True)
class Window:
    """What at least one reading of a series amounts to. Every field is exact."""

    #: Readings, the non-finite ones included.
    count: int
    first: Point
    last: Point
    #: The smallest and the largest finite reading, the earliest of equal ones; None without any.
    least: Point | None
    greatest: Point | None
    #: Of the finite readings, in units of `exact_sums`.
    total: int
    squares: int
    non_finite: NonFinite
    #: Of the finite readings.
    histogram: Histogram

    @property
    def num_finite(self) -> int:
        return self.count - self.non_finite.count


def summarise(steps_n: IntArray, values_n: FloatArray) -> Window:
    """Returns the summary of at least one reading. Steps ascend and differ."""
    is_finite_n = np.isfinite(values_n)
    finite_n, finite_steps_n, non_finite = values_n, steps_n, ALL_FINITE
    if not is_finite_n.all():
        finite_n, finite_steps_n = values_n[is_finite_n], steps_n[is_finite_n]
        non_finite = _non_finite(steps_n[~is_finite_n], values_n[~is_finite_n])
    total, squares = exact_sums(finite_n)
    return Window(
        count=values_n.size,
        first=_point(steps_n, values_n, 0),
        last=_point(steps_n, values_n, values_n.size - 1),
        least=_point(finite_steps_n, finite_n, int(finite_n.argmin())) if finite_n.size else None,
        greatest=(
            _point(finite_steps_n, finite_n, int(finite_n.argmax())) if finite_n.size else None
        ),
        total=total,
        squares=squares,
        non_finite=non_finite,
        histogram=histogram_of(finite_n),
    )


def merge(windows: Sequence[Window]) -> Window:
    """Returns the summary of all readings of one or more windows, which share no step.

    The result does not depend on the order of the windows, nor on how they were merged before.
    """
    found = [window.non_finite for window in windows]
    steps_k = np.concatenate([one.steps_k for one in found])
    order_k = np.argsort(steps_k)[:MAX_LISTED]
    lowest = [window.least for window in windows if window.least is not None]
    highest = [window.greatest for window in windows if window.greatest is not None]
    return Window(
        count=sum(window.count for window in windows),
        first=min((window.first for window in windows), key=lambda point: point.step),
        last=max((window.last for window in windows), key=lambda point: point.step),
        least=min(lowest, key=lambda point: (point.value, point.step), default=None),
        greatest=min(highest, key=lambda point: (-point.value, point.step), default=None),
        total=sum(window.total for window in windows),
        squares=sum(window.squares for window in windows),
        non_finite=NonFinite(
            num_nan=sum(one.num_nan for one in found),
            num_inf=sum(one.num_inf for one in found),
            num_negative_inf=sum(one.num_negative_inf for one in found),
            steps_k=steps_k[order_k],
            kinds_k=np.concatenate([one.kinds_k for one in found])[order_k],
        ),
        histogram=merge_histograms([window.histogram for window in windows]),
    )


def aligned(steps_n: IntArray, *, size: int) -> Iterator[tuple[int, slice]]:
    """Yields the number of each window of `size` steps that holds a step, and where its steps are.

    Window i holds the steps from i * size to (i + 1) * size - 1. Steps ascend.
    """
    number_n = steps_n // size
    starts = np.flatnonzero(np.diff(number_n, prepend=-1)).tolist()
    for start, stop in pairwise([*starts, steps_n.size]):
        yield int(number_n[start]), slice(start, stop)


def _point(steps_n: IntArray, values_n: FloatArray, position: int) -> Point:
    return Point(step=int(steps_n[position]), value=float(values_n[position]))


def _non_finite(steps_n: IntArray, values_n: FloatArray) -> NonFinite:
    """Returns the readings of a window that are not finite."""
    kinds_n = np.select([np.isnan(values_n), values_n > 0], [0, 1], default=2).astype(np.int8)
    num_nan, num_inf, num_negative_inf = np.bincount(kinds_n, minlength=len(KINDS)).tolist()
    return NonFinite(
        num_nan=num_nan,
        num_inf=num_inf,
        num_negative_inf=num_negative_inf,
        steps_k=steps_n[:MAX_LISTED],
        kinds_k=kinds_n[:MAX_LISTED],
    )
