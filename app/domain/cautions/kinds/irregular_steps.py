"""Do the steps between rows differ?"""

from collections.abc import Iterator

import numpy as np

from app.domain.cautions.card import Found, TableCard
from app.domain.cautions.subject import Subject
from app.domain.cautions.time_grid import MAX_OFF_GRID, MIN_REGULAR, TOLERANCE, time_grid
from app.domain.cautions.words import percent

CODE = "irregular_steps"


def find(subject: Subject) -> Iterator[Found]:
    grid, column = time_grid(subject), subject.time_column
    if grid is None or column is None or grid.is_regular:
        return
    is_other_n = np.abs(grid.multiples_n - 1) > TOLERANCE
    low, high = (grid.in_words(float(np.quantile(grid.steps_n, q))) for q in (0.1, 0.9))
    detail = (
        f"column {column.name!r}: {percent(float(is_other_n.mean()))} of the steps between rows "
        f"differ from the median step, {grid.in_words(grid.step)}; most lie between {low} and "
        f"{high}. A model reads rows as equally far apart: average or interpolate the values to "
        "equal steps, or add the step to the file as a column and name it in dataset.features."
    )
    rows_n = np.sort(subject.rows_N[grid.after_n[is_other_n]])
    yield Found(column=column.name, detail=detail, rows_n=rows_n)


CARD = TableCard(
    code=CODE,
    summary="The steps between the times of rows differ.",
    advice="Bring the values to equal steps, or add the step as a feature.",
    limits=(MAX_OFF_GRID, MIN_REGULAR),
    find=find,
)
