"""Reduces a series to fewer points that keep its extrema, and computes its exact statistics.

Legend: n readings, b buckets, w readings in a bucket, p points that are kept.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

IndexArray = NDArray[np.int64]
Method = Literal["all", "extrema"]
#: Points kept of one bucket, besides its non-finite ones: first, last, least and greatest.
POINTS_PER_BUCKET = 4
#: In the order of the fields of `SeriesStats`.
PERCENTILES = (10, 50, 90, 99)


@dataclass(frozen=True, kw_only=True)
class Series:
    """All n readings of one quantity in one scope."""

    quantity: str
    scope: str
    unit: str
    #: (n,) ascending.
    steps_n: NDArray[np.int32]
    #: (n,) float32 or float64, as stored.
    values_n: NDArray[np.floating]
    #: (n,) when they were trained, in microseconds since 1970 UTC; empty if that was not read.
    recorded_at_n: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SeriesStats:
    """Statistics of all readings in a range.

    `count` counts all readings; the other fields describe the finite ones and are None without any.
    """

    count: int
    num_finite: int
    mean: float | None
    p10: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    #: Largest relative error of the percentiles; 0 where they are exact.
    percentile_error: float = 0.0
    min: float | None
    max: float | None

    @classmethod
    def of_nothing(cls, *, count: int) -> Self:
        """Returns the statistics of readings of which none is finite."""
        return cls(
            count=count,
            num_finite=0,
            mean=None,
            p10=None,
            p50=None,
            p90=None,
            p99=None,
            min=None,
            max=None,
        )


def choose_points(values_n: NDArray[np.floating], *, max_points: int) -> IndexArray:
    """Returns the (p,) positions to keep, ascending: all if there are at most `max_points`.

    Otherwise these are the first, last, least and greatest finite value of each of max_points / 4
    buckets, and in addition every position whose value is not finite.
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
    """Computes statistics in double precision; percentiles interpolate linearly."""
    finite_n = values_n[np.isfinite(values_n)]
    if not finite_n.size:
        return SeriesStats.of_nothing(count=values_n.size)
    # in their own precision: half the memory of doubles, and the same order
    sorted_n = np.sort(finite_n)
    p10, p50, p90, p99 = _percentiles(sorted_n).tolist()
    least, greatest = np.float64(sorted_n[0]), np.float64(sorted_n[-1])
    # scaled, because a sum of values near the greatest double would overflow
    scale = float(max(-least, greatest)) or 1.0
    return SeriesStats(
        count=values_n.size,
        num_finite=finite_n.size,
        mean=float((finite_n.astype(np.float64) / scale).mean()) * scale,
        p10=p10,
        p50=p50,
        p90=p90,
        p99=p99,
        min=shortest(least, like=values_n),
        max=shortest(greatest, like=values_n),
    )


def _percentiles(sorted_n: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns the `PERCENTILES` of at least one sorted value, as `np.percentile` of doubles does.

    That function takes six times as long for 100,000 values, since it sorts copies of them.
    """
    last, half = sorted_n.size - 1, 0.5
    rank_q = np.array(PERCENTILES) / 100 * last
    below_q = np.floor(rank_q).astype(np.int64)
    low_q = sorted_n[below_q].astype(np.float64)
    high_q = sorted_n[np.minimum(below_q + 1, last)].astype(np.float64)
    share_q, difference_q = rank_q - below_q, high_q - low_q
    is_nearer_low_q = rank_q < below_q + half
    between_q: NDArray[np.float64] = np.where(
        is_nearer_low_q, low_q + difference_q * share_q, high_q - difference_q * (1 - share_q)
    )
    return between_q


def shortest(value: np.float64, *, like: NDArray[np.floating]) -> float:
    """Returns the double with the shortest decimal that is the value in the array's precision.

    For a float32 it turns 0.10000000149011612 into 0.1.
    """
    return float(str(like.dtype.type(value)))


def shortest_decimals(values_p: NDArray[np.floating]) -> list[float]:
    """Returns (p,) doubles with the shortest decimals that are the values in their precision.

    For float32 values it turns 0.10000000149011612 into 0.1.
    """
    if values_p.dtype == np.float64:
        return [float(value) for value in values_p]
    return list(map(float, map(str, values_p)))


def _in_buckets(
    values_n: NDArray[np.floating],
    finite_n: NDArray[np.bool_],
    *,
    fill: float,
    padding: int,
    width: int,
) -> NDArray[np.floating]:
    """Returns (b, w) values, with `fill` where a value is missing or not finite."""
    filled_n = np.where(finite_n, values_n, values_n.dtype.type(fill))
    return np.pad(filled_n, (0, padding), constant_values=fill).reshape(-1, width)
