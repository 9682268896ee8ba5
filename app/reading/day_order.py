"""Whether 1/2/2020 is in January or February: settled by a row, or asked. It is never guessed."""

import pyarrow.compute as pc

from app.domain.errors import InvalidData
from app.reading.cells import Cells
from app.reading.patterns import NUMERIC_DATE, PYTHON_DATES

#: Dates in which the first number, or the second, can be no month.
_DAY_FIRST = "^(?:1[3-9]|[2-9][0-9])[-/.]"
_MONTH_FIRST = "^[0-9]{1,2}[-/.](?:1[3-9]|[2-9][0-9])(?:[^0-9]|$)"
_NUMERIC = PYTHON_DATES[NUMERIC_DATE]


def day_order(cells: Cells, *, day_first: bool | None) -> tuple[bool, str] | None:
    """Returns whether days come first and what tells it; None where the rows contradict each other.

    Raises InvalidData where every row can be read in both ways, or the option does not fit.
    """
    of_day, of_month = _first(cells, _DAY_FIRST), _first(cells, _MONTH_FIRST)
    if day_first is not None:
        contrary = of_month if day_first else of_day
        if contrary is not None:
            row, cell = contrary
            detail = f"row {row}, column {cells.name!r}: {cell!r} cannot be read with "
            detail += f"day_first={str(day_first).lower()}"
            raise InvalidData.at(f"row/{row}/{cells.name}", detail, code="not_a_date")
        return day_first, "the request says so"
    if of_day is not None and of_month is not None:
        return None
    witness = of_day or of_month
    if witness is not None:
        return of_day is not None, f"row {witness[0]} of column {cells.name!r} has {witness[1]!r}"
    return _equal_or_asked(cells)


def _first(cells: Cells, pattern: str) -> tuple[int, str] | None:
    try:
        return cells.row_of(lambda chunk: pc.match_substring_regex(chunk, pattern))
    except LookupError:
        return None


def _equal_or_asked(cells: Cells) -> tuple[bool, str] | None:
    """Returns an order where day and month are equal in all rows. Raises InvalidData otherwise."""
    row = cells.first_row
    for chunk in cells.chunks:
        for cell in chunk.to_pylist():
            if cell is not None:
                found = _NUMERIC.fullmatch(cell)
                if found is None:
                    return None
                if int(found["first"]) != int(found["middle"]):
                    raise _question(row, cell, cells.name)
            row += 1
    return True, f"in column {cells.name!r} day and month are equal"


def _question(row: int, cell: str, name: str) -> InvalidData:
    detail = f"row {row}, column {name!r}: does the day or the month stand first in {cell!r}? "
    detail += "No row of the column decides it. Say day_first=true or day_first=false"
    return InvalidData.at(f"row/{row}/{name}", detail, code="ambiguous_date")
