"""Do single values lie far outside of all others?

Heavy tails have far values too, but with others between them and the bulk. The next value inwards
therefore tells how far a tail reaches: where the tail index (Hill 1975) makes such a jump less
likely than one in ten thousand, the values beyond it are outliers. Where no value is, the same is
asked of peaks: how far a value lies above, or below, both of its neighbours in time.
Shapes: N rows by series and time, n values, k values of a tail.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.card import CALIBRATED, ColumnCard, Found, Limit
from app.domain.cautions.column import ColumnView
from app.domain.cautions.words import counted, number
from app.domain.telemetry import DoubleArray

CODE = "outliers"
#: Fewest values of which a tail can be told.
MIN_VALUES = 50
#: Fewest distinct values; fewer are levels.
MIN_DISTINCT = 10
#: Zeros that stand for no value rather than being outliers.
MANY_ZEROS = 3
#: Fewest values of a tail.
MIN_TAIL = 10

MIN_DISTANCE = Limit(
    name="min_distance",
    value=6,
    unit="interquartile ranges",
    meaning="distance of a value from the median",
    source=CALIBRATED,
)
MIN_PEAK = Limit(
    name="min_peak",
    value=20,
    unit="interquartile ranges",
    meaning="distance of a peak from the median of all peaks",
    source=CALIBRATED,
)
MAX_SHARE = Limit(
    name="max_share", value=0.01, unit="1", meaning="share of the values that are outliers"
)
MAX_CHANCE = Limit(
    name="max_chance",
    value=1e-4,
    unit="1",
    meaning="probability of such a jump in a tail with the index of the values before it",
    source="Hill 1975",
)
TAIL_SHARE = Limit(
    name="tail_share", value=0.05, unit="1", meaning="share of the values that are a tail"
)


@dataclass(frozen=True, kw_only=True)
class _Bulk:
    """The values of which no one is an outlier, and the one that is farthest from them."""

    first: float
    last: float
    farthest: float
    #: Of the farthest one, in interquartile ranges.
    distance: float


def find(view: ColumnView) -> Found | None:
    if not view.is_measured or view.num_distinct < MIN_DISTINCT:
        return None
    bulk = _bulk(view.real_n, MIN_DISTANCE.value)
    if bulk is not None:
        is_out_N = (view.values < bulk.first) | (view.values > bulk.last)
        is_out_N &= ~np.isin(view.values, view.sentinels)
        (rows_n,) = np.nonzero(is_out_N)
        if rows_n.size >= MANY_ZEROS and not view.values[rows_n].any():
            return None  # zeros have a caution of their own
        detail = (
            f"{counted(rows_n.size, 'value')} {'lies' if rows_n.size == 1 else 'lie'} far outside "
            f"of the others, which are between {number(bulk.first)} and {number(bulk.last)}; the "
            f"farthest, {number(bulk.farthest)}, is {bulk.distance:.3g} interquartile ranges away"
        )
        return _found(view, detail, rows_n)
    peaks_N = _peaks(view)
    bulk = _bulk(np.sort(peaks_N[peaks_N != 0]), MIN_PEAK.value)
    if bulk is None:
        return None
    rows_n = np.sort(view.rows_N[(peaks_N < bulk.first) | (peaks_N > bulk.last)])
    detail = (
        f"{counted(rows_n.size, 'value')} {'lies' if rows_n.size == 1 else 'lie'} far from the "
        f"rows before and after, by up to {number(abs(bulk.farthest))}, where others lie at most "
        f"{number(max(abs(bulk.first), abs(bulk.last)))} above or below both"
    )
    return _found(view, detail, rows_n)


def _found(view: ColumnView, detail: str, rows_n: NDArray[np.integer]) -> Found:
    detail = (
        f"column {view.name!r}: {detail}. Correct the cells, or leave them blank and set "
        "dataset.missing. If they are real, dataset.loss huber or mae follows them less than mse."
    )
    return Found(column=view.name, detail=detail, rows_n=rows_n)


def _peaks(view: ColumnView) -> DoubleArray:
    """(N,) how far a value lies from the nearer neighbour, if both are on one side of it."""
    values_N = view.ordered
    if view.sentinels:
        values_N = np.where(np.isin(values_N, view.sentinels), np.nan, values_N)
    before_N, after_N = np.zeros_like(values_N), np.zeros_like(values_N)
    before_N[1:] = values_N[1:] - values_N[:-1]
    after_N[:-1] = values_N[:-1] - values_N[1:]
    before_N[view.starts_S] = 0
    after_N[view.starts_S[1:] - 1] = 0
    is_peak_N = before_N * after_N > 0
    nearer_N = np.where(np.abs(before_N) < np.abs(after_N), before_N, after_N)
    return np.where(is_peak_N, nearer_N, 0.0)


def _bulk(sorted_n: DoubleArray, min_distance: float) -> _Bulk | None:
    """Returns None if there are no outliers among ascending values."""
    if sorted_n.size < MIN_VALUES:
        return None
    low, centre, high = (float(sorted_n[(part * sorted_n.size) // 4]) for part in (1, 2, 3))
    width = high - low
    if not 0 < width < math.inf:
        return None
    above = _num_outliers((sorted_n - centre) / width, min_distance)
    below = _num_outliers((centre - sorted_n[::-1]) / width, min_distance)
    if not above + below:
        return None
    distance, farthest = max(
        ((centre - sorted_n[0]) / width, float(sorted_n[0])),
        ((sorted_n[-1] - centre) / width, float(sorted_n[-1])),
    )
    return _Bulk(
        first=float(sorted_n[below]),
        last=float(sorted_n[sorted_n.size - 1 - above]),
        farthest=farthest,
        distance=float(distance),
    )


def _num_outliers(distance_n: DoubleArray, min_distance: float) -> int:
    """Returns how many of ascending distances from the median are outliers."""
    size = distance_n.size
    most = max(1, int(MAX_SHARE.value * size))
    if distance_n[-1] < min_distance:
        return 0
    tail_k = distance_n[-(most + 1) :]
    jump_k = tail_k[1:] / np.maximum(tail_k[:-1], np.finfo(np.float64).tiny)
    jump_k[(tail_k[:-1] <= 0) | (tail_k[1:] < min_distance)] = 0
    place = int(np.argmax(jump_k))
    count = jump_k.size - place
    inner_k = distance_n[: size - count][-(max(MIN_TAIL, int(TAIL_SHARE.value * size)) + 1) :]
    inner_k = inner_k[inner_k > 0]
    if jump_k[place] <= 1 or inner_k.size < MIN_TAIL // 2:
        return 0
    mean_log = max(float(np.log(inner_k[1:] / inner_k[0]).mean()), np.finfo(np.float64).tiny)
    chance = math.exp(-math.log(float(jump_k[place])) / mean_log)
    return count if chance <= MAX_CHANCE.value else 0


CARD = ColumnCard(
    code=CODE,
    summary="Single values lie far outside of all others.",
    advice="Correct or blank the cells, or a loss that follows them less.",
    limits=(MIN_DISTANCE, MIN_PEAK, MAX_SHARE, MAX_CHANCE, TAIL_SHARE),
    find=find,
)
