"""Whether 1/2/2020 is in January or February: settled by a row, or asked. It is never guessed."""

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from app.domain.errors import InvalidData
from app.reading.dated_texts import DatedChunk
from app.reading.patterns import NUMERIC_DATE, PYTHON_DATES

#: Dates in which the first number, or the second, can be no month.
_DAY_FIRST = "^(?:1[3-9]|[2-9][0-9])[-/.]"
_MONTH_FIRST = "^[0-9]{1,2}[-/.](?:1[3-9]|[2-9][0-9])(?:[^0-9]|$)"
_NUMERIC = PYTHON_DATES[NUMERIC_DATE]


def day_order(
    chunks: Sequence[DatedChunk], name: str, *, day_first: bool | None
) -> tuple[bool, str] | None:
    """Returns whether days come first and what tells it; None where the rows contradict each other.

    Raises InvalidData where every row can be read in both ways, or the option does not fit.
    """
    of_day, of_month = _first(chunks, _DAY_FIRST), _first(chunks, _MONTH_FIRST)
    if day_first is not None:
        contrary = of_month if day_first else of_day
        if contrary is not None:
            row, cell = contrary
            detail = f"row {row}, column {name!r}: {cell!r} cannot be read with "
            detail += f"day_first={str(day_first).lower()}"
            raise InvalidData.at(f"row/{row}/{name}", detail, code="not_a_date")
        return day_first, "the request says so"
    if of_day is not None and of_month is not None:
        return None
    witness = of_day or of_month
    if witness is not None:
        return of_day is not None, f"row {witness[0]} of column {name!r} has {witness[1]!r}"
    return _equal_or_asked(chunks, name)


def _first(chunks: Sequence[DatedChunk], pattern: str) -> tuple[int, str] | None:
    """Returns the number and text of the first cell whose day matches."""
    for chunk in chunks:
        used, days = chunk.days
        is_wanted = np.zeros(len(chunk.texts), dtype=np.bool_)
        is_wanted[used] = pc.match_substring_regex(days, pattern).to_numpy(zero_copy_only=False)
        found = chunk.row_where(is_wanted)
        if found is not None:
            return found
    return None


def _equal_or_asked(chunks: Sequence[DatedChunk], name: str) -> tuple[bool, str] | None:
    """Returns an order where day and month are equal in all rows. Raises InvalidData otherwise."""
    for chunk in chunks:
        used, days = chunk.days
        is_open = np.zeros(len(chunk.texts), dtype=np.bool_)
        for place, day in zip(used.tolist(), days.to_pylist(), strict=True):
            found = _NUMERIC.fullmatch(day)
            if found is None:
                return None
            is_open[place] = int(found["first"]) != int(found["middle"])
        asked = chunk.row_where(is_open)
        if asked is not None:
            raise _question(*asked, name)
    return True, f"in column {name!r} day and month are equal"


def _question(row: int, cell: str, name: str) -> InvalidData:
    detail = f"row {row}, column {name!r}: does the day or the month stand first in {cell!r}? "
    detail += "No row of the column decides it. Say day_first=true or day_first=false"
    return InvalidData.at(f"row/{row}/{name}", detail, code="ambiguous_date")
