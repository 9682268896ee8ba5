"""Do rows go back in time?"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.card import Found, Limit, TableCard
from app.domain.cautions.subject import Subject
from app.domain.cautions.words import counted

CODE = "descending_time"

MOSTLY = Limit(
    name="mostly",
    value=0.9,
    unit="1",
    meaning="share of the steps that go back, from which the file runs backwards",
)


def find(subject: Subject) -> Iterator[Found]:
    column = subject.time_column
    if column is None or subject.time_N is None:
        return
    back = _rows_that_go_back(subject, subject.time_N)
    if not back.size:
        return
    num_steps = max(1, subject.num_rows - subject.starts_S.size)
    if back.size >= MOSTLY.value * num_steps:
        detail = f"column {column.name!r}: the rows run backwards in time"
    else:
        have = "has" if back.size == 1 else "have"
        detail = f"column {column.name!r}: {counted(back.size, 'row')} {have} an earlier time than "
        detail += "the row before"
    if subject.has_series:
        detail += " of its series"
    detail += (
        f". Set dataset.time_column (order_column for sequences) to {column.name!r}: rows are "
        "sorted by it then. Without it, a model would be trained in the order of the file."
    )
    yield Found(column=column.name, detail=detail, rows_n=back)


def _rows_that_go_back(subject: Subject, time_N: NDArray[np.float64]) -> NDArray[np.intp]:
    """Returns the rows that are earlier than the one before of their series in the file.

    Rows with the time of another row are left out: equal times have a caution of their own.
    """
    is_tied_N = np.zeros(time_N.size, dtype=np.bool_)
    is_tied_n = (time_N[1:] == time_N[:-1]) & ~subject.is_first[1:]
    is_tied_N[1:] |= is_tied_n
    is_tied_N[:-1] |= is_tied_n
    file_time_N = np.empty_like(time_N)
    file_time_N[subject.rows_N] = time_N
    in_file_N = np.arange(subject.num_rows)
    if subject.has_series:
        series_N = np.empty(subject.num_rows, dtype=np.int64)
        series_N[subject.rows_N] = np.cumsum(subject.is_first)
        in_file_N = np.argsort(series_N, kind="stable")
    is_back_n = np.diff(file_time_N[in_file_N]) < 0
    # the first row of a series has the position of its start, as sizes are the same in both orders
    is_back_n &= ~subject.is_first[1:]
    back = in_file_N[1:][is_back_n]
    is_tied_in_file_N = np.empty_like(is_tied_N)
    is_tied_in_file_N[subject.rows_N] = is_tied_N
    return np.sort(back[~is_tied_in_file_N[back]])


CARD = TableCard(
    code=CODE,
    summary="Rows go back in time in the order of the file.",
    advice="`dataset.time_column`, by which rows are sorted.",
    limits=(MOSTLY,),
    find=find,
)
