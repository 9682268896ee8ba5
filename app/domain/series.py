"""Fewer points of a series that hide nothing, and its exact statistics.

Legend: n readings, b buckets, w readings a bucket, p points that are kept.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IndexArray = NDArray[np.int64]
Method = Literal["all", "extrema"]
#: Points that one bucket gives, beside its non-finite ones: first, last, smallest, largest.
POINTS_PER_BUCKET = 4
#: In the order in which `SeriesStats` has them.
PERCENTILES = (10, 50, 90, 99)


@dataclass(frozen=True, kw_only=True)
class Series:
    """One quantity of one scope over the steps, whole: nothing is thinned out yet."""

    quantity: str
    scope: str
    unit: str
    #: (n,) ascending.
    steps_n: NDArray[np.int32]
    #: (n,) float32 or float64, as stored.
    values_n: NDArray[np.floating]
    #: (n,) when they were stored, microseconds since 1970 UTC.
    recorded_at_n: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SeriesStats:
    """Of every reading in the range; all but `count` are over the finite ones, None without any."""

    count: int
    num_finite: int
    mean: float | None
    p10: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    min: float | None
    max: float | None


def choose_points(values_n: NDArray[np.floating], *, max_points: int) -> IndexArray:
    """(p,) positions that are kept, ascending: all when they are few enough.

    Otherwise first, last, smallest and largest of each of max_points / 4 buckets, and every
    position whose value is not finite, however many there are.
    """
    count = values_n.size
    if count <= max_points:
        return np.arange(count, dtype=np.int64)
    num_buckets = max(1, max_points // POINTS_PER_BUCKET)
    width = -(-count // num_buckets)
    num_buckets = -(-count // width)
    finite_n = np.isfinite(values_n)
    padding = num_buckets * width - count
    starts_b = np.arange(num_buckets, dtype=np.int64) * width
    smallest_bw = _in_buckets(values_n, finite_n, fill=np.inf, padding=padding, width=width)
    largest_bw = _in_buckets(values_n, finite_n, fill=-np.inf, padding=padding, width=width)
    kept = (
        starts_b,
        np.minimum(starts_b + width, count) - 1,
        starts_b + smallest_bw.argmin(axis=1),
        starts_b + largest_bw.argmax(axis=1),
        np.nonzero(~finite_n)[0],
    )
    return np.unique(np.concatenate(kept))


def series_stats(values_n: NDArray[np.floating]) -> SeriesStats:
    """Computed in double precision; percentiles interpolate linearly between neighbours."""
    finite_n = values_n[np.isfinite(values_n)].astype(np.float64)
    if not finite_n.size:
        nothing = dict.fromkeys(("mean", "p10", "p50", "p90", "p99", "min", "max"))
        return SeriesStats(count=values_n.size, num_finite=0, **nothing)
    p10, p50, p90, p99 = (float(value) for value in np.percentile(finite_n, PERCENTILES))
    # scaled, because a sum of values near the largest double would overflow
    scale = float(np.abs(finite_n).max()) or 1.0
    return SeriesStats(
        count=values_n.size,
        num_finite=finite_n.size,
        mean=float((finite_n / scale).mean()) * scale,
        p10=p10,
        p50=p50,
        p90=p90,
        p99=p99,
        min=shortest(finite_n.min(), like=values_n),
        max=shortest(finite_n.max(), like=values_n),
    )


def shortest(value: np.float64, *, like: NDArray[np.floating]) -> float:
    """The double whose shortest decimal reads back to the value in the array's own precision."""
    return float(str(like.dtype.type(value)))


def shortest_decimals(values_p: NDArray[np.floating]) -> list[float]:
    """As `shortest`, for each: 0.1 of a float32 is 0.1, not 0.10000000149011612."""
    if values_p.dtype == np.float64:
        return [float(value) for value in values_p]
    return [float(str(value)) for value in values_p]


def _in_buckets(
    values_n: NDArray[np.floating],
    finite_n: NDArray[np.bool_],
    *,
    fill: float,
    padding: int,
    width: int,
) -> NDArray[np.floating]:
    """(b, w), with `fill` where a value is missing or not finite."""
    filled_n = np.where(finite_n, values_n, values_n.dtype.type(fill))
    return np.pad(filled_n, (0, padding), constant_values=fill).reshape(-1, width)
