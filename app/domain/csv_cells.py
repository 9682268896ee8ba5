"""What one cell of an uploaded CSV says: a number, a moment, or that nothing was measured."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

#: Cells that say "nothing was measured here".
MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: Cells of these characters alone are numbers wherever float() takes them.
_PLAIN = re.compile(r"[0-9+\-.eE]*")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
#: Dates and times to the second, without a zone, one a line; NumPy knows a year 0, others do not.
_PLAIN_MOMENT = r"(?!0000)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"
_PLAIN_MOMENTS = re.compile(rf"{_PLAIN_MOMENT}(?:\n{_PLAIN_MOMENT})*", re.ASCII)
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})", re.ASCII)
_DAY = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)", re.ASCII | re.DOTALL)


def number(cell: str) -> float | None:
    """The number in a cell, NaN where it is missing, None where it is something else."""
    if cell in MISSING:
        return float("nan")
    return float(cell) if _NUMBER.fullmatch(cell) or _INFINITE.fullmatch(cell) else None


def seconds(cell: str) -> float | None:
    """Seconds since 1970 UTC of an ISO date or time, NaN where it is missing, None otherwise."""
    if cell in MISSING:
        return float("nan")
    found = _iso_seconds(cell)
    return _iso_seconds(_as_iso(cell)) if found is None else found


def _as_iso(cell: str) -> str:
    """A month, and a day with slashes, as ISO 8601 has them; anything else as it is."""
    if month := _MONTH.fullmatch(cell):
        return f"{month[1]}-{int(month[2]):02d}-01"
    if day := _DAY.fullmatch(cell):
        return f"{day[1]}-{int(day[2]):02d}-{int(day[3]):02d}{day[4]}"
    return cell


def _iso_seconds(cell: str) -> float | None:
    try:
        moment = datetime.fromisoformat(cell)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.timestamp()
    except (ValueError, OverflowError):
        return None


def are_numbers(cells: Sequence[str]) -> bool:
    """Whether all are numbers (perhaps infinite) or missing."""
    if _PLAIN.fullmatch("".join(cells)):
        try:
            np.fromiter(map(float, cells), dtype=np.float64)
        except ValueError:  # a missing cell, or something like 1-2
            pass
        else:
            return True
    return all(number(cell) is not None for cell in cells)


def are_datetimes(cells: Sequence[str]) -> bool:
    """Whether all are ISO dates or times, or missing."""
    return _plain_seconds(cells) is not None or all(seconds(cell) is not None for cell in cells)


def read_numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    """(n,) values of cells that are all numbers or missing, NaN where missing."""
    try:
        return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:  # missing cells
        return np.array([number(cell) for cell in cells], dtype=np.float64)


def read_datetimes(cells: Sequence[str]) -> NDArray[np.float64]:
    """(n,) seconds since 1970 UTC of cells that are all moments or missing, NaN where missing."""
    plain = _plain_seconds(cells)
    if plain is not None:
        return plain
    return np.array([seconds(cell) for cell in cells], dtype=np.float64)


def _plain_seconds(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """(n,) read by NumPy, tens of times as fast; None unless all are of the usual form."""
    if not _PLAIN_MOMENTS.fullmatch("\n".join(cells)):
        return None
    try:
        return np.array(cells, dtype="datetime64[s]").astype(np.float64)
    except ValueError:  # no such day
        return None
