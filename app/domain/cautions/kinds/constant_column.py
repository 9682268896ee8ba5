"""Does a column have one value only?"""

from app.domain.cautions.card import ColumnCard, Found
from app.domain.cautions.column import ColumnView
from app.domain.cautions.words import number

CODE = "constant_column"


def find(view: ColumnView) -> Found | None:
    column = view.column
    known_n = column.known().stored_N
    if not known_n.size:
        detail = f"column {view.name!r} has no value in any row. Leave it out."
        return Found(column=view.name, detail=detail)
    if known_n.size == 1 or known_n.min() != known_n.max():
        return None
    label = repr(column.labels[int(known_n[0])][:40]) if column.type.has_labels else None
    value = label or number(float(column.known().values()[0]))
    detail = f"column {view.name!r} is {value} in every row that has a value. "
    if view.is_target:
        detail += "There is nothing to predict: name another column."
    else:
        detail += "It tells nothing and cannot be scaled: leave it out of dataset.features."
    return Found(column=view.name, detail=detail)


CARD = ColumnCard(
    code=CODE,
    summary="A column has one value in all rows, or none.",
    advice="Leave it out of `dataset.features`.",
    limits=(),
    find=find,
)
