"""Reads the cells of an uploaded CSV: numbers, dates and times, missing values."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

#: Texts of a cell that mean a missing value.
MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: Cells of only these characters are numbers if float() accepts them.
_PLAIN = re.compile(r"[0-9+\-.eE]*")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
#: Dates and times to the second, without a zone, one in each line. NumPy accepts a year 0, which
#: datetime does not.
_PLAIN_MOMENT = r"(?!0000)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"
_PLAIN_MOMENTS = re.compile(rf"{_PLAIN_MOMENT}(?:\n{_PLAIN_MOMENT})*", re.ASCII)
_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})", re.ASCII)
_DAY = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)", re.ASCII | re.DOTALL)


def number(cell: str) -> float | None:
    """Returns the number in a cell, NaN for a missing value, None for any other text."""
    if cell in MISSING:
        return float("nan")
    return float(cell) if _NUMBER.fullmatch(cell) or _INFINITE.fullmatch(cell) else None


def seconds(cell: str) -> float | None:
    """Returns an ISO date or time as seconds since 1970 UTC, NaN if missing, otherwise None."""
    if cell in MISSING:
        return float("nan")
    found = _iso_seconds(cell)
    return _iso_seconds(_as_iso(cell)) if found is None else found


def _as_iso(cell: str) -> str:
    """Converts a month, or a date with slashes, to ISO 8601; returns any other text unchanged."""
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
    """Returns whether all cells are numbers, infinite ones included, or missing."""
    if _PLAIN.fullmatch("".join(cells)):
        try:
            np.fromiter(map(float, cells), dtype=np.float64)
        except ValueError:  # a missing cell, or something like 1-2
            pass
        else:
            return True
    return all(number(cell) is not None for cell in cells)


def are_datetimes(cells: Sequence[str]) -> bool:
    """Returns whether all cells are ISO dates or times, or missing."""
    return _plain_seconds(cells) is not None or all(seconds(cell) is not None for cell in cells)


def read_numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    """Returns (n,) values, NaN where missing, of cells that are all numbers or missing."""
    try:
        return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:  # missing cells
        return np.array([number(cell) for cell in cells], dtype=np.float64)


def read_datetimes(cells: Sequence[str]) -> NDArray[np.float64]:
    """Returns (n,) seconds since 1970 UTC, NaN where missing, of cells with dates or nothing."""
    plain = _plain_seconds(cells)
    if plain is not None:
        return plain
    return np.array([seconds(cell) for cell in cells], dtype=np.float64)


def _plain_seconds(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Returns (n,) seconds read by NumPy, which is much faster; None unless all are plain dates."""
    if not _PLAIN_MOMENTS.fullmatch("\n".join(cells)):
        return None
    try:
        return np.array(cells, dtype="datetime64[s]").astype(np.float64)
    except ValueError:  # no such day
        return None
