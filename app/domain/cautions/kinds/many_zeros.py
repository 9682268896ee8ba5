"""Are many values 0, or those that are 0 far from all others?"""

import numpy as np

from app.domain.cautions.card import CALIBRATED, ColumnCard, Found, Limit
from app.domain.cautions.column import ColumnView
from app.domain.cautions.words import counted, number, percent

CODE = "many_zeros"
#: Fewest distinct values; fewer are levels, of which 0 is one.
MIN_DISTINCT = 4
#: The same where zeros are few and far from the others.
MIN_DISTINCT_FAR = 10
MIN_FAR_ROWS = 3

MIN_SHARE = Limit(name="min_share", value=0.4, unit="1", meaning="share of the values that are 0")
MIN_GAP = Limit(
    name="min_gap",
    value=2,
    unit="1",
    meaning="distance of fewer zeros from all others, in ranges of the others",
    source=CALIBRATED,
)


def find(view: ColumnView) -> Found | None:
    if not view.is_measured or view.num_distinct < MIN_DISTINCT:
        return None
    (rows_n,) = np.nonzero(view.values == 0)
    share = rows_n.size / view.sorted_n.size
    is_often = share >= MIN_SHARE.value
    if not is_often and not _are_far(view, rows_n.size):
        return None
    others_n = view.real_n[view.real_n != 0]
    detail = (
        f"column {view.name!r}: {counted(rows_n.size, 'value')} ({percent(share)}) "
        f"{'is' if rows_n.size == 1 else 'are'} 0, and all others lie between "
        f"{number(float(others_n[0]))} and {number(float(others_n[-1]))}. If 0 stands for no "
        "measurement, upload the file with sentinels=0."
    )
    if is_often and view.is_target:
        detail += (
            " If the zeros are real: the best constant for dataset.loss mae is their median, often "
            "0; mse is for the mean, and poisson for counts."
        )
    return Found(column=view.name, detail=detail, rows_n=rows_n)


def _are_far(view: ColumnView, num_zeros: int) -> bool:
    """Whether zeros lie beyond a gap below or above all other values."""
    if num_zeros < MIN_FAR_ROWS or view.num_distinct < MIN_DISTINCT_FAR:
        return False
    real_n = view.real_n
    others_n = real_n[real_n != 0]
    if not others_n.size or others_n[0] < 0 < others_n[-1]:
        return False
    gap, width = np.abs(others_n[[0, -1]]).min(), others_n[-1] - others_n[0]
    return bool(gap >= MIN_GAP.value * width)


CARD = ColumnCard(
    code=CODE,
    summary="Many values are 0, or zeros lie far from all other values.",
    advice="The option `sentinels` of the upload, or a `dataset.loss` for counts.",
    limits=(MIN_SHARE, MIN_GAP),
    find=find,
)
