"""Are times left out of a regular grid?"""

from collections.abc import Iterator

import numpy as np

from app.domain.cautions.card import Found, TableCard
from app.domain.cautions.subject import Subject
from app.domain.cautions.time_grid import MAX_OFF_GRID, MIN_REGULAR, time_grid, unscheduled_gaps
from app.domain.cautions.words import counted

CODE = "gaps"


def find(subject: Subject) -> Iterator[Found]:
    grid, column = time_grid(subject), subject.time_column
    if grid is None or column is None or not grid.is_regular:
        return
    gaps = unscheduled_gaps(subject, grid)
    if not gaps.size:
        return
    longest = int(gaps[np.argmax(grid.steps_n[gaps])])
    row = int(subject.rows_N[grid.after_n[longest]]) + subject.table.first_row
    num_left_out = int(np.rint(grid.multiples_n[gaps]).sum()) - gaps.size
    are = "is" if gaps.size == 1 else "are"
    detail = (
        f"column {column.name!r}: {gaps.size:,} of {counted(grid.steps_n.size, 'step')} {are} "
        f"longer than {grid.in_words(grid.step)}, and {counted(num_left_out, 'time')} "
        f"{'is' if num_left_out == 1 else 'are'} left out; the longest, "
        f"{grid.in_words(float(grid.steps_n[longest]))}, ends at row {row}. A model reads rows as "
        "equally far apart: add the times with blank cells and set dataset.missing to "
        "forward_fill, or cut the file at long gaps."
    )
    yield Found(
        column=column.name, detail=detail, rows_n=np.sort(subject.rows_N[grid.after_n[gaps]])
    )


CARD = TableCard(
    code=CODE,
    summary="Times are left out between rows that otherwise have equal steps.",
    advice="Add the times with blank cells and set `dataset.missing`.",
    limits=(MAX_OFF_GRID, MIN_REGULAR),
    find=find,
)
