"""Columns of plain numbers, ISO dates, booleans and texts, cast as a whole.

Legend: N rows, n rows of a chunk.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.domain.compact import Compact, compact, join, shrink
from app.domain.errors import InvalidData
from app.domain.tables import Column, ColumnType, Labels
from app.reading.cells import Cells, numbered

#: Cells at the beginning of each chunk that are tried before all of them are.
PROBED_CELLS = 20
#: Characters of a cell that are shown.
SHOWN_CHARACTERS = 40
#: Ways of writing true and false that one column may have.
MAX_BOOLEANS = 6
#: A double holds every second between these years, as datetime does.
_MIN_MICROSECONDS = -62_135_596_800 * 10**6
_MICROSECONDS = 10**6

#: Returns numbers and which of them are missing, or None for a chunk of other cells.
Cast = Callable[[pa.StringArray, int], tuple[Compact, NDArray[np.bool_] | None] | None]


def read_plain(cells: Cells) -> Column | None:
    """Returns a column of numbers or ISO dates; None where a cell is something else.

    Raises InvalidData for a number that is not finite.
    """
    if all(chunk.null_count == len(chunk) for chunk in cells.chunks):
        return None
    return (
        _column(cells, ColumnType.INTEGER, _integers)
        or _column(cells, ColumnType.NUMBER, _doubles_of(cells.name))
        or _column(cells, ColumnType.DATE, _moments)
    )


def read_texts(cells: Cells) -> Column:
    """Returns a column of labels, in the order in which they first appear, or of booleans."""
    encoded = pa.chunked_array(cells.chunks, type=pa.string()).dictionary_encode()
    coded = encoded.combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0)
    codes_N = shrink(coded.indices.fill_null(-1).to_numpy())
    missing_N = codes_N < 0
    labels = _labels(coded.dictionary)
    is_boolean = 0 < len(labels) <= MAX_BOOLEANS and all(
        label.lower() in {"true", "false"} for label in labels
    )
    return Column(
        name=cells.name,
        type=ColumnType.BOOLEAN if is_boolean else ColumnType.TEXT,
        numbers=Compact(stored_N=codes_N),
        missing_N=missing_N if missing_N.any() else None,
        labels=labels,
    )


def _labels(texts: pa.StringArray) -> Labels:
    _, ends, content = texts.buffers()
    first = texts.offset
    ends_n = np.frombuffer(ends, dtype=np.int32)[first : first + len(texts) + 1].astype(np.int64)
    if content is None or not len(texts):
        return Labels(ends=np.zeros(len(texts), dtype=np.int64))
    shown = content.slice(int(ends_n[0]), int(ends_n[-1] - ends_n[0]))
    return Labels(content=shown.to_pybytes(), ends=ends_n[1:] - ends_n[0])


def _column(cells: Cells, kind: ColumnType, cast: Cast) -> Column | None:
    # a cast that fails costs more than one that does not, for each cell that is otherwise
    if any(cast(chunk[:PROBED_CELLS], cells.first_row) is None for chunk in cells.chunks):
        return None
    parts: list[Compact] = []
    missing: list[NDArray[np.bool_] | None] = []
    for row, chunk in numbered(cells):
        found = cast(chunk, row)
        if found is None:
            return None
        parts.append(found[0])
        missing.append(found[1])
    return Column(
        name=cells.name,
        type=kind,
        numbers=join(parts),
        missing_N=join_missing(missing, [len(chunk) for chunk in cells.chunks]),
    )


def join_missing(
    parts: Sequence[NDArray[np.bool_] | None], lengths: Sequence[int]
) -> NDArray[np.bool_] | None:
    if all(part is None for part in parts):
        return None
    return np.concatenate(
        [
            np.zeros(length, dtype=np.bool_) if part is None else part
            for part, length in zip(parts, lengths, strict=True)
        ]
    )


def _integers(chunk: pa.StringArray, _row: int) -> tuple[Compact, NDArray[np.bool_] | None] | None:
    try:
        whole = pc.cast(chunk, pa.int64())
    except pa.ArrowInvalid:
        return None
    if _has_hexadecimal(chunk):
        return None
    return Compact(stored_N=shrink(whole.fill_null(0).to_numpy())), missing_of(chunk)


def _has_hexadecimal(chunk: pa.StringArray) -> bool:
    """Whether a cell is written like 0x1F, which pyarrow takes for a whole number."""
    content = chunk.buffers()[2]
    if content is None:
        return False
    bytes_n = np.frombuffer(content, dtype=np.uint8)
    if not ((bytes_n | 0x20) == ord("x")).any():
        return False
    return bool(pc.any(pc.match_substring_regex(chunk, "[xX]")).as_py())


def _doubles_of(name: str) -> Cast:
    def doubles(chunk: pa.StringArray, row: int) -> tuple[Compact, NDArray[np.bool_] | None] | None:
        try:
            values = pc.cast(chunk, pa.float64())
        except pa.ArrowInvalid:
            return None
        values_n = values.fill_null(0.0).to_numpy()
        refuse_infinite(values_n, chunk, row, name)
        missing_n = missing_of(chunk)
        is_nan_n = np.isnan(values_n)
        if is_nan_n.any():
            missing_n = is_nan_n if missing_n is None else missing_n | is_nan_n
            values_n = np.where(missing_n, 0.0, values_n)
        return compact(values_n), missing_n

    return doubles


def refuse_infinite(
    values_n: NDArray[np.float64], chunk: pa.StringArray, row: int, name: str
) -> None:
    """Raises InvalidData with the place of the first infinite number."""
    is_infinite_n = np.isinf(values_n)
    if is_infinite_n.any():
        place = int(np.argmax(is_infinite_n))
        cell = chunk[place].as_py()[:SHOWN_CHARACTERS]
        detail = f"row {row + place}, column {name!r}: {cell} is not a finite number; "
        detail += f"where it stands for no value, say na={cell}"
        raise InvalidData.at(f"row/{row + place}/{name}", detail, code="not_finite")


def _moments(chunk: pa.StringArray, _row: int) -> tuple[Compact, NDArray[np.bool_] | None] | None:
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            moments = pc.cast(chunk, kind)
        except pa.ArrowInvalid:
            continue
        micros_n = moments.cast(pa.int64()).fill_null(0).to_numpy()
        if micros_n.size and micros_n.min() < _MIN_MICROSECONDS:
            return None
        return seconds_of(micros_n), missing_of(chunk)
    return None


def seconds_of(micros_n: NDArray[np.int64]) -> Compact:
    """Returns seconds; whole ones are stored as such."""
    seconds_n, rest_n = np.divmod(micros_n, _MICROSECONDS)
    if rest_n.any():
        return compact(micros_n / _MICROSECONDS)
    return Compact(stored_N=shrink(seconds_n))


def missing_of(chunk: pa.StringArray) -> NDArray[np.bool_] | None:
    if not chunk.null_count:
        return None
    missing_n: NDArray[np.bool_] = chunk.is_null().to_numpy(zero_copy_only=False)
    return missing_n
