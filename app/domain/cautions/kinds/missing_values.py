"""Are many values missing, or many in a row?"""

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.card import ColumnCard, Found, Limit
from app.domain.cautions.column import ColumnView
from app.domain.cautions.words import counted, percent

CODE = "missing_values"

MAX_SHARE = Limit(
    name="max_share", value=0.2, unit="1", meaning="share of the rows without a value"
)
MAX_STRETCH = Limit(
    name="max_stretch",
    value=48,
    unit="rows",
    meaning="rows of a series in a row without a value: the default window",
)


def find(view: ColumnView) -> Found | None:
    missing_N = view.column.missing_N
    if missing_N is None or not missing_N.any() or missing_N.all():
        return None
    (rows_n,) = np.nonzero(missing_N)
    share = rows_n.size / missing_N.size
    length = _longest(missing_N[view.rows_N], view.starts_S)
    if share < MAX_SHARE.value and length < MAX_STRETCH.value:
        return None
    are = "has" if rows_n.size == 1 else "have"
    detail = (
        f"column {view.name!r}: {counted(rows_n.size, 'row')} ({percent(share)}) {are} no value, "
        f"and at most {length:,} of them follow each other. "
    )
    if view.orders_rows:
        detail += "A column that names or orders rows needs a value in each: fill it in."
    else:
        detail += (
            "dataset.missing decides what is done: forward_fill repeats the last value, so a long "
            "stretch is constant, and drop leaves the rows out, so times before and after become "
            "neighbours. Targets that were filled in are not scored. Consider leaving the column "
            "out, or the time before and after the longest stretch."
        )
    return Found(column=view.name, detail=detail, rows_n=rows_n)


def _longest(is_missing_N: NDArray[np.bool_], starts_S: NDArray[np.intp]) -> int:
    """Returns the most rows of a series that follow each other without a value."""
    changes_N = np.diff(is_missing_N.astype(np.int8), prepend=0) == 1
    changes_N[starts_S] |= is_missing_N[starts_S]
    (begin,) = np.nonzero(changes_N)
    is_end_N = is_missing_N & ~np.append(is_missing_N[1:] & ~changes_N[1:], values=False)
    (end,) = np.nonzero(is_end_N)
    return int((end - begin + 1).max())


CARD = ColumnCard(
    code=CODE,
    summary="Many values are missing, or many in a row.",
    advice="`dataset.missing`, or leave the column or the time out.",
    limits=(MAX_SHARE, MAX_STRETCH),
    find=find,
)
