"""Why rows whose times repeat cannot be put in order, and what would help.

Shapes: N rows.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.domain.suggestions.names import is_series
from app.domain.suggestions.times import RankArray, Times, is_part_of_calendar
from app.domain.tables import Column, ColumnType, Table
from app.domain.telemetry import IntArray

#: Share of rows that share their time, from which a column without a telling name may be the key:
#: below, a few rows occur twice, as in the hour in which clocks are put back.
MIN_TIED_SHARE = 0.2
#: Largest share of rows that are taken for repeated by mistake, or whose series is not told.
MAX_FAULTY = 0.05


def why_not_ordered(table: Table, tied: Times, keys: Sequence[Column]) -> str | None:
    """Returns one sentence; None where the order of the file can be taken for time."""
    name = tied.names[0]
    for column in table.columns:
        if is_series(column.name) and 0 < column.num_missing <= MAX_FAULTY * table.num_rows:
            detail = f"times in {name!r} repeat, and {column.name!r}, which may tell series apart, "
            return detail + f"misses {column.num_missing} values: fill them in, or remove the rows"
    for key in keys:
        codes_N, _ = key.groups()
        repeated_n = _repeated(codes_N, tied)
        if is_series(key.name) and len(repeated_n) <= MAX_FAULTY * table.num_rows:
            if _is_sorted_within(codes_N, tied):
                return None
            detail = (
                f"{key.name!r} would tell series apart, but {len(repeated_n)} rows have the time "
            )
            detail += "of another row of their series, the first in row "
            return detail + f"{repeated_n[0] + table.first_row}: remove them"
    if (pair := _pair_of(tied, keys)) is not None:
        names = f"{pair[0].name!r} and {pair[1].name!r}"
        detail = f"no single column tells series apart, but {names} together do: upload the file "
        return detail + "with one column that joins the two, for instance as a/b"
    if tied.is_sorted or is_part_of_calendar(table.column(name)):
        return None
    detail = f"times in {name!r} repeat, no column tells series apart, and the rows "
    return detail + "are not sorted by time"


def is_unique(codes_N: IntArray, rank_N: RankArray) -> bool:
    """Returns whether no series has the same time twice."""
    together_N = _together(codes_N, rank_N)
    change_N = np.diff(together_N)
    if (change_N > 0).all():
        return True
    together_N.sort()
    return bool((together_N[1:] != together_N[:-1]).all())


def _together(codes_N: IntArray, rank_N: RankArray) -> RankArray:
    return codes_N.astype(np.int64) * (int(rank_N.max()) + 1) + rank_N


def _is_sorted_within(codes_N: IntArray, times: Times) -> bool:
    """Returns whether the times of no series fall from row to row."""
    order_N = np.argsort(codes_N, kind="stable")
    return bool((np.diff(_together(codes_N, times.rank_N)[order_N]) >= 0).all())


def _repeated(codes_N: IntArray, times: Times) -> NDArray[np.int64]:
    """Returns the rows, ascending, whose series has their time in an earlier row."""
    together_N = _together(codes_N, times.rank_N)
    order_N = np.argsort(together_N, kind="stable")
    is_same = np.diff(together_N[order_N]) == 0
    return np.sort(order_N[1:][is_same])


def _pair_of(times: Times, keys: Sequence[Column]) -> tuple[Column, Column] | None:
    """Returns two columns that together tell series apart; None if no two likely ones do."""
    likely = [
        column
        for column in keys
        if (column.type is ColumnType.TEXT or is_series(column.name))
        and column.name not in times.names
    ]
    if times.tied_share < MIN_TIED_SHARE:
        return None
    for first, second in combinations(likely[:5], 2):
        (codes_N, _), (other_N, others) = first.groups(), second.groups()
        both_N = np.unique(codes_N.astype(np.int64) * len(others) + other_N, return_inverse=True)[1]
        if is_unique(both_N.astype(np.int32), times.rank_N):
            return first, second
    return None
