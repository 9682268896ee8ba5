"""Do numbers stand for no value?"""

import numpy as np

from app.domain.cautions.card import CALIBRATED, ColumnCard, Found, Limit
from app.domain.cautions.column import ColumnView
from app.domain.cautions.sentinel_values import (
    MIN_KNOWN_GAP,
    MIN_KNOWN_ROWS,
    MIN_OTHER_GAP,
    MIN_OTHER_ROWS,
    OTHER_SIGN,
)
from app.domain.cautions.words import counted, number, percent

CODE = "sentinels"


def find(view: ColumnView) -> Found | None:
    if not view.is_measured or not view.sentinels:
        return None
    (rows_n,) = np.nonzero(np.isin(view.values, view.sentinels))
    real_n = view.real_n
    values = " and ".join(number(value) for value in view.sentinels)
    option = ",".join(number(value) for value in view.sentinels)
    detail = (
        f"column {view.name!r}: {values} {'occurs' if len(view.sentinels) == 1 else 'occur'} in "
        f"{counted(rows_n.size, 'row')} ({percent(rows_n.size / view.values.size)}), and all "
        f"other values lie between {number(float(real_n[0]))} and {number(float(real_n[-1]))}. If "
        f"there was no measurement, upload the file with sentinels={option}: such cells are "
        "missing then, and dataset.missing says what to do with them."
    )
    return Found(column=view.name, detail=detail, rows_n=rows_n)


CARD = ColumnCard(
    code=CODE,
    summary="A number far from all others is repeated exactly, such as -999.",
    advice="The option `sentinels` of the upload, and `dataset.missing`.",
    limits=(
        Limit(
            name="min_known_rows",
            value=MIN_KNOWN_ROWS,
            unit="rows",
            meaning="rows with -200, a number of nines, or an end of the whole numbers",
        ),
        Limit(name="min_other_rows", value=MIN_OTHER_ROWS, unit="rows", meaning="of other numbers"),
        Limit(
            name="min_known_gap",
            value=MIN_KNOWN_GAP,
            unit="1",
            meaning="distance of such a number from the others, in ranges of the others",
            source=CALIBRATED,
        ),
        Limit(
            name="min_other_gap",
            value=MIN_OTHER_GAP,
            unit="1",
            meaning="the same for other numbers",
            source=CALIBRATED,
        ),
        Limit(
            name="other_sign",
            value=OTHER_SIGN,
            unit="1",
            meaning="divides both distances for a number below 0 where all others are above",
            source=CALIBRATED,
        ),
    ),
    find=find,
)
