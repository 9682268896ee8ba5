"""Does a sensor repeat one value for long?

Rounded and slow values repeat as well. A stretch is therefore compared with the usual ones: its
probability, if each row repeated the one before as often as in the rest of the column, and the
length of the longest one of a hundred stretches.
Shapes: N rows by series and time, r stretches of equal values.
"""

import math

import numpy as np

from app.domain.cautions.card import CALIBRATED, ColumnCard, Found, Limit
from app.domain.cautions.column import ColumnView
from app.domain.cautions.words import counted, number

CODE = "constant_stretches"
#: Fewest distinct values; fewer are levels, which last.
MIN_DISTINCT = 11
USUAL_PERCENTILE = 99

MIN_ROWS = Limit(
    name="min_rows", value=20, unit="rows", meaning="equal values that follow each other"
)
MIN_RATIO = Limit(
    name="min_ratio",
    value=8,
    unit="1",
    meaning="length of the stretch over the 99th percentile of all stretches",
    source=CALIBRATED,
)
MAX_CHANCE = Limit(
    name="max_chance",
    value=1e-6,
    unit="1",
    meaning="expected number of such stretches if rows repeated as often as in the rest",
)


def find(view: ColumnView) -> Found | None:
    if not view.is_measured or view.num_distinct < MIN_DISTINCT:
        return None
    values_N = view.ordered
    is_new_N = np.ones(values_N.size, dtype=np.bool_)
    is_new_N[1:] = values_N[1:] != values_N[:-1]
    is_new_N[view.starts_S] = True
    (begin_r,) = np.nonzero(is_new_N)
    length_r = np.diff(begin_r, append=values_N.size)
    if length_r.max() < MIN_ROWS.value:
        return None
    value_r = values_N[begin_r]
    is_long_r = (length_r >= _limit(length_r)) & (value_r != 0) & np.isfinite(value_r)
    is_long_r &= ~np.isin(value_r, view.sentinels)
    if not is_long_r.any():
        return None
    longest = int(np.argmax(np.where(is_long_r, length_r, 0)))
    rows_n = view.rows_N[begin_r[longest] : begin_r[longest] + length_r[longest]]
    num_long = int(is_long_r.sum())
    detail = (
        f"column {view.name!r} is {number(float(value_r[longest]))} in "
        f"{counted(int(length_r[longest]), 'row')} that follow each other; values usually "
        f"repeat at most {int(_usual(length_r))} times"
    )
    if num_long > 1:
        detail += f", and there are {num_long} such stretches"
    detail += (
        ". If the sensor was stuck, leave these cells blank and set dataset.missing, or cut the "
        "file there."
    )
    return Found(column=view.name, detail=detail, rows_n=rows_n)


def _usual(length_r: np.ndarray) -> float:
    return float(np.percentile(length_r, USUAL_PERCENTILE, method="lower"))


def _limit(length_r: np.ndarray) -> float:
    """Returns the length from which a stretch is unusual."""
    most = max(MIN_ROWS.value, MIN_RATIO.value * _usual(length_r))
    # the longest percent of the stretches may be the fault, and does not count
    usual_r = np.minimum(length_r, _usual(length_r))
    repeats = 1 - usual_r.size / float(usual_r.sum())
    if repeats <= 0:
        return most
    return max(most, 1 + math.log(MAX_CHANCE.value / length_r.sum()) / math.log(repeats))


CARD = ColumnCard(
    code=CODE,
    summary="One value is repeated for long, as by a sensor that is stuck.",
    advice="Blank the cells and set `dataset.missing`, or cut the file there.",
    limits=(MIN_ROWS, MIN_RATIO, MAX_CHANCE),
    find=find,
)
