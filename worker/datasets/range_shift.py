"""Compares the values of validation and test with those that training shows, column by column.

The values are in the scale that the network sees: a transform or a scaling by window that takes a
move of the level away takes the shift away as well.
Shapes: N rows of all series end to end, F columns, W windows, S series.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.data_facts import ColumnShift, RangeShift
from app.domain.scopes import Split
from app.domain.telemetry import DoubleArray, IntArray

#: Input columns that are compared, and those of them that are kept.
MAX_COMPARED = 64
MAX_KEPT = 8
#: Least standard deviation of a series as a share of the usual one, for a constant one.
MIN_SERIES_SHARE = 0.01

Rows = NDArray[np.bool_]


def shift_of_rows(
    features_NF: DoubleArray,
    names: Sequence[str],
    *,
    label: tuple[str, DoubleArray] | None,
    parts: Mapping[Split, IntArray],
) -> Mapping[Split, RangeShift]:
    """Returns the shift of each later split of labelled rows; `parts` are the rows of the splits.

    `label` is the name of the target's column and (N,) its values; None for classes.
    """
    num_rows = len(features_NF)
    one_series_N = np.zeros(num_rows, dtype=np.int32)
    is_in = {split: np.isin(np.arange(num_rows), rows_n) for split, rows_n in parts.items()}

    def compared(name: str, values_N: DoubleArray, split: Split) -> ColumnShift | None:
        return column_shift(
            name, values_N, one_series_N, shown_N=is_in["train"], later_N=is_in[split]
        )

    return {
        split: RangeShift(
            target=None if label is None else compared(*label, split),
            inputs=largest(
                compared(name, features_NF[:, place], split)
                for place, name in enumerate(names[:MAX_COMPARED])
            ),
        )
        for split, rows_n in parts.items()
        if split != "train" and rows_n.size
    }


def covered_rows(start_W: IntArray, first: int, end: int, num_rows: int) -> Rows:
    """(N,) whether a row is one of `start` + `first` … `start` + `end` − 1 of some window."""
    change_N = np.zeros(num_rows + 1, dtype=np.int64)
    np.add.at(change_N, start_W + first, 1)
    np.add.at(change_N, start_W + end, -1)
    covered_N: Rows = np.cumsum(change_N[:-1]) > 0
    return covered_N


def largest(found: Iterator[ColumnShift | None]) -> tuple[ColumnShift, ...]:
    known = [one for one in found if one is not None]
    known.sort(key=lambda one: (-one.outside_share, -one.level_move))
    return tuple(known[:MAX_KEPT])


def column_shift(
    column: str, values_N: DoubleArray, series_N: IntArray, *, shown_N: Rows, later_N: Rows
) -> ColumnShift | None:
    """Compares later rows with those that training shows; None if a part is empty or not finite.

    Rows of series that training does not show are left out.
    """
    num_series = int(series_N.max(initial=-1)) + 1
    later_N = later_N & np.isin(series_N, np.unique(series_N[shown_N]))
    shown_n, later_n = values_N[shown_N], values_N[later_N]
    if not (shown_n.size and later_n.size and np.isfinite(shown_n).all()):
        return None
    if not np.isfinite(later_n).all() or np.ptp(shown_n) == 0:
        return None
    own_n, later_own_n = series_N[shown_N], series_N[later_N]
    least_S, most_S = np.full(num_series, np.inf), np.full(num_series, -np.inf)
    np.minimum.at(least_S, own_n, shown_n)
    np.maximum.at(most_S, own_n, shown_n)
    mean_S = _means(shown_n, own_n, num_series)
    square_n = np.square(shown_n - mean_S[own_n])
    usual = float(np.sqrt(square_n.mean())) or float(shown_n.std())
    std_S = np.sqrt(_means(square_n, own_n, num_series)).clip(min=MIN_SERIES_SHARE * usual)
    apart_n = np.maximum(least_S[later_own_n] - later_n, later_n - most_S[later_own_n])
    is_outside_n = apart_n > 0
    distance_n = (apart_n / std_S[later_own_n])[is_outside_n]
    move_S = np.abs(_means(later_n, later_own_n, num_series) - mean_S) / std_S
    size_S = np.bincount(later_own_n, minlength=num_series)
    return ColumnShift(
        column=column,
        outside_share=float(is_outside_n.mean()),
        outside_distance=float(distance_n.mean()) if distance_n.size else 0.0,
        level_move=float((move_S * size_S)[size_S > 0].sum() / size_S.sum()),
    )


def _means(values_n: DoubleArray, own_n: IntArray, num_series: int) -> DoubleArray:
    """(S,) the mean of each series; 0 where it has no value."""
    count_S = np.bincount(own_n, minlength=num_series)
    mean_S: DoubleArray = np.bincount(own_n, values_n, minlength=num_series) / np.maximum(
        count_S, 1
    )
    return mean_S
