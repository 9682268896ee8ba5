"""Do rows occur twice?"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.card import Found, Limit, TableCard
from app.domain.cautions.subject import Subject
from app.domain.cautions.words import counted, percent
from app.domain.tables import Column, ColumnType
from app.domain.value_counts import num_distinct

CODE = "duplicate_rows"
#: Odd constants of a 64-bit mixing function.
_MULTIPLIERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_SHIFT = np.uint64(29)
#: Fewest columns of a table without times; rows of fewer are equal by chance.
MIN_COLUMNS = 3
#: Columns in which a value that is nearly unique is looked for.
MAX_LOOKED_AT = 20

MIN_UNIQUE = Limit(
    name="min_unique",
    value=0.9,
    unit="1",
    meaning=(
        "distinct values of some column, as a share of the rows: below it, equal rows are chance"
    ),
)


def find(subject: Subject) -> Iterator[Found]:
    columns = subject.table.columns
    if len(columns) < MIN_COLUMNS and subject.time_N is None:
        return
    duplicates = _duplicates(columns, subject.num_rows)
    if not duplicates.size:
        return
    num_left = subject.num_rows - duplicates.size
    if subject.time_N is None and not _has_unique_column(columns, num_left):
        return
    are = "is" if duplicates.size == 1 else "are"
    share = percent(duplicates.size / subject.num_rows)
    detail = (
        f"{counted(duplicates.size, 'row')} ({share}) {are} equal to an earlier row in every "
        "column. Remove them: a row that occurs in training and test makes scores better than "
        "they are."
    )
    if subject.time_N is not None:
        detail += " dataset.equal_times keep_first leaves them out of a forecast."
    yield Found(column=None, detail=detail, rows_n=duplicates)


def _duplicates(columns: tuple[Column, ...], num_rows: int) -> NDArray[np.intp]:
    """Returns rows with the hash of an earlier row, over all columns."""
    hash_N = np.zeros(num_rows, dtype=np.uint64)
    for column in columns:
        stored_N = column.numbers.stored_N
        wide = np.float64 if stored_N.dtype.kind == "f" else np.int64
        bits_N = stored_N.astype(wide).view(np.uint64)
        if column.missing_N is not None:
            bits_N = np.where(column.missing_N, _MULTIPLIERS[0], bits_N)
        hash_N = (hash_N ^ bits_N) * _MULTIPLIERS[0]
        hash_N = (hash_N ^ (hash_N >> _SHIFT)) * _MULTIPLIERS[1]
    sorted_N = np.sort(hash_N)
    if not (sorted_N[1:] == sorted_N[:-1]).any():
        return np.empty(0, dtype=np.intp)
    order_N = np.argsort(hash_N, kind="stable")
    is_repeat_n = hash_N[order_N[1:]] == hash_N[order_N[:-1]]
    return np.sort(order_N[1:][is_repeat_n])


def _has_unique_column(columns: tuple[Column, ...], num_rows: int) -> bool:
    measured = (
        column
        for column in columns[:MAX_LOOKED_AT]
        if column.type in {ColumnType.NUMBER, ColumnType.DATE}
    )
    return any(
        num_distinct(column.known().stored_N) >= MIN_UNIQUE.value * num_rows for column in measured
    )


CARD = TableCard(
    code=CODE,
    summary="Rows are equal to earlier rows in every column.",
    advice="Remove them from the file.",
    limits=(MIN_UNIQUE,),
    find=find,
)
