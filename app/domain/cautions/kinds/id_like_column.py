"""Does a column number the rows?"""

import re

import numpy as np

from app.domain.cautions.card import ColumnCard, Found, Limit
from app.domain.cautions.column import ColumnView
from app.domain.tables import ColumnType

CODE = "id_like_column"
_NAME = re.compile(r"(^|[_ .-])(id|uuid|guid|key|idx|index|rownum|row)$|[a-z]I[Dd]$", re.IGNORECASE)

MIN_ROWS = Limit(name="min_rows", value=20, unit="rows", meaning="rows of the table")


def find(view: ColumnView) -> Found | None:
    column = view.column
    is_candidate = column.type is ColumnType.INTEGER and column.missing_N is None
    if not is_candidate or view.orders_rows or view.is_target:
        return None
    if view.values.size < MIN_ROWS.value or view.num_distinct < view.values.size:
        return None
    steps_n = np.diff(view.values)
    numbers_rows = bool((steps_n == steps_n[0]).all())
    if not numbers_rows and _NAME.search(view.name) is None:
        return None
    what = "numbers the rows" if numbers_rows else "has another whole number in each row"
    detail = (
        f"column {view.name!r} {what} and measures nothing: a model can only learn the rows by "
        "heart from it. Leave it out of dataset.features, or name it as dataset.time_column if it "
        "orders the rows."
    )
    return Found(column=view.name, detail=detail)


CARD = ColumnCard(
    code=CODE,
    summary="A column numbers or names the rows.",
    advice="Leave it out of `dataset.features`.",
    limits=(MIN_ROWS,),
    find=find,
)
