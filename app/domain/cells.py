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
    if month := _MONTH.fullmatch(cell):
        cell = f"{month[1]}-{int(month[2]):02d}-01"
    elif day := _DAY.fullmatch(cell):
        cell = f"{day[1]}-{int(day[2]):02d}-{int(day[3]):02d}{day[4]}"
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
    return all(seconds(cell) is not None for cell in cells)


def read_numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    """(n,) values of cells that are all numbers or missing, NaN where missing."""
    try:
        return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:  # missing cells
        return np.array([number(cell) for cell in cells], dtype=np.float64)


def read_datetimes(cells: Sequence[str]) -> NDArray[np.float64]:
    """(n,) seconds since 1970 UTC of cells that are all moments or missing, NaN where missing."""
    return np.array([seconds(cell) for cell in cells], dtype=np.float64)
