"""Does a label or a series column have nearly as many values as there are rows?"""

from collections.abc import Iterator

from app.domain.cautions.card import Found, Limit, TableCard
from app.domain.cautions.subject import Subject, find_column

CODE = "high_cardinality"
#: Fewest distinct values.
MIN_DISTINCT = 20

MIN_ROWS_EACH = Limit(
    name="min_rows_each", value=5, unit="rows", meaning="rows, or sequences, of one value"
)


def find(subject: Subject) -> Iterator[Found]:
    series = find_column(subject.table, subject.roles.series_column)
    label = find_column(subject.table, subject.roles.label)
    if series is not None and subject.roles.train_share is not None:
        rows = subject.num_rows / subject.starts_S.size
        if subject.starts_S.size >= MIN_DISTINCT and rows < MIN_ROWS_EACH.value:
            detail = (
                f"column {series.name!r} tells {subject.starts_S.size:,} series apart, of "
                f"{rows:.2g} rows each: too short to train on. Name another "
                "dataset.series_column, or none."
            )
            yield Found(column=series.name, detail=detail)
    if label is not None:
        num_labels = subject.starts_S.size if subject.has_series else subject.num_rows
        num_classes = len(label.groups()[1])
        if num_classes >= MIN_DISTINCT and num_labels < MIN_ROWS_EACH.value * num_classes:
            detail = (
                f"column {label.name!r} has {num_classes:,} classes for {num_labels:,} sequences. "
                "If it is a quantity, set dataset.task to regression; otherwise join classes."
            )
            yield Found(column=label.name, detail=detail)


CARD = TableCard(
    code=CODE,
    summary="A label or series column has too many values for the rows that there are.",
    advice="Another `dataset.series_column`, or `dataset.task` regression.",
    limits=(MIN_ROWS_EACH,),
    find=find,
)
