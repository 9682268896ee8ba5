"""Do whole numbers name things?"""

import re

from app.domain.cautions.card import ColumnCard, Found, Limit
from app.domain.cautions.column import ColumnView
from app.domain.tables import ColumnType

CODE = "integer_codes"
#: Fewest distinct values; two are a flag.
MIN_DISTINCT = 3
_NAME = re.compile(
    r"(^|[_ .-])(id|code|class|category|type|zone|region|store|shop|item|product|sku|station|"
    r"sensor|customer|user|zip|zipcode|postcode)(_?(id|nbr|no|nr|code))?$|[a-z]I[Dd]$",
    re.IGNORECASE,
)

MIN_ROWS_EACH = Limit(
    name="min_rows_each", value=4, unit="rows", meaning="rows of one number in the mean"
)


def find(view: ColumnView) -> Found | None:
    if view.column.type is not ColumnType.INTEGER or view.orders_rows or view.is_target:
        return None
    if _NAME.search(view.name) is None or view.num_distinct < MIN_DISTINCT:
        return None
    if view.sorted_n.size < MIN_ROWS_EACH.value * view.num_distinct:
        return None
    detail = (
        f"column {view.name!r} has {view.num_distinct:,} whole numbers that by its name stand for "
        "things, and a model would read them as amounts. Name it as dataset.series_column if it "
        "tells series apart; otherwise give each of a few things a column of 0 and 1, or leave it "
        "out of dataset.features."
    )
    return Found(column=view.name, detail=detail)


CARD = ColumnCard(
    code=CODE,
    summary="Whole numbers stand for things, by the name of the column.",
    advice="`dataset.series_column`, or columns of 0 and 1.",
    limits=(MIN_ROWS_EACH,),
    find=find,
)
