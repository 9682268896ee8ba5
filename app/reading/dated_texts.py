"""Texts of dates cut into day and clock, each distinct one once: a column has few different ones.

Legend: n cells of a chunk, d distinct texts of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.reading.buffers import cut, ends_of
from app.reading.cells import Cells, numbered
from app.reading.patterns import CLOCK, PYTHON_DATES

#: What may stand between the day and the clock.
_SEPARATORS = "T ,"


@dataclass(frozen=True, kw_only=True)
class DatedChunk:
    """The cells of a chunk as days and clocks."""

    first_row: int
    cells: pa.StringArray
    #: (d,) distinct days and clocks.
    texts: pa.StringArray
    #: (n,) which text is the day of each cell; -1 where it is missing.
    days_n: NDArray[np.int32]
    #: (n,) which text is the clock of each cell, with what separates it from the day; None where
    #: clocks are not cut off.
    clocks_n: NDArray[np.int32] | None

    @property
    def days(self) -> tuple[NDArray[np.intp], pa.StringArray]:
        """Which of the texts are days, and these."""
        return _used(self.days_n, self.texts)

    @property
    def clocks(self) -> tuple[NDArray[np.intp], pa.StringArray]:
        return _used(self.clocks_n, self.texts)

    def row_where(self, is_wanted_d: NDArray[np.bool_]) -> tuple[int, str] | None:
        """Returns the number and text of the first cell whose day is wanted."""
        is_wanted_n = np.append(is_wanted_d, False)[self.days_n]
        if not is_wanted_n.any():
            return None
        place = int(np.argmax(is_wanted_n))
        return self.first_row + place, self.cells[place].as_py()


def _used(
    codes_n: NDArray[np.int32] | None, texts: pa.StringArray
) -> tuple[NDArray[np.intp], pa.StringArray]:
    is_used_d = np.zeros(len(texts) + 1, dtype=np.bool_)
    if codes_n is not None:
        is_used_d[codes_n] = True
    used = np.flatnonzero(is_used_d[:-1])
    return used, texts.take(pa.array(used))


def cut_clocks(cells: Cells, probed: Sequence[str], pattern: str) -> Iterator[DatedChunk]:
    """Yields the chunks of a column; `probed` are some of its cells, which all match `pattern`."""
    separator = _separator(probed, pattern)
    for row, chunk in numbered(cells):
        yield _dated(row, chunk, separator)


def _separator(probed: Sequence[str], pattern: str) -> str | None:
    """Returns the sign at which all probed cells are a day and a clock."""
    found = next((sign for sign in probed[0] if sign in _SEPARATORS), None)
    if found is None or pattern == CLOCK:
        return None
    is_day = PYTHON_DATES[pattern].fullmatch
    return found if all(is_day(cell.partition(found)[0]) for cell in probed) else None


def _dated(row: int, chunk: pa.StringArray, separator: str | None) -> DatedChunk:
    filled = chunk.drop_null() if chunk.null_count else chunk
    if separator is None:
        encoded = filled.dictionary_encode()
        days, clocks = encoded.indices.to_numpy(), None
    else:
        lengths_n = np.diff(ends_of(filled))
        places_n = pc.find_substring(filled, separator).to_numpy()
        encoded = cut(filled, np.where(places_n < 0, lengths_n, places_n)).dictionary_encode()
        codes = encoded.indices.to_numpy()
        days, clocks = codes[0::2], codes[1::2]
    return DatedChunk(
        first_row=row,
        cells=chunk,
        texts=encoded.dictionary,
        days_n=_spread(days, chunk),
        clocks_n=None if clocks is None else _spread(clocks, chunk),
    )


def _spread(codes: NDArray[np.int32], chunk: pa.StringArray) -> NDArray[np.int32]:
    """Returns the codes of all cells from those of cells that are not missing."""
    if not chunk.null_count:
        return codes
    codes_n = np.full(len(chunk), -1, dtype=np.int32)
    codes_n[chunk.is_valid().to_numpy(zero_copy_only=False)] = codes
    return codes_n
