"""The stored form of a table: a JSON header, then arrays. NumPy alone reads it.

A worker's children are forked before any data is known, and must not import a reader of files.
What training reads here is what the profile was computed from, bit for bit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from app.domain.compact import Compact
from app.domain.tables import Column, ColumnType, Labels, Table

#: First bytes of the stored form; no text begins with them, because 0x93 alone is not UTF-8.
MAGIC = b"\x93GRADTAB1"
_LENGTH_BYTES = 8
#: Arrays begin at multiples of it, so that they are read in place.
_ALIGNMENT = 8


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Array(_Part):
    dtype: str
    #: Byte of its start after the header.
    start: int
    size: int


class _StoredColumn(_Part):
    name: str
    type: ColumnType
    scale: int
    read_as: str | None
    numbers: _Array
    #: Bits, packed.
    missing: _Array | None
    labels: _Array | None
    label_ends: _Array | None
    time_zone: str | None = None


class _Header(_Part):
    num_rows: int
    delimiter: str
    first_row: int
    columns: tuple[_StoredColumn, ...]


def is_columnar(content: bytes) -> bool:
    return content.startswith(MAGIC)


def encode_table(table: Table) -> bytes:
    arrays = _Arrays()
    header = _Header(
        num_rows=table.num_rows,
        delimiter=table.delimiter,
        first_row=table.first_row,
        columns=tuple(_stored(column, arrays) for column in table.columns),
    )
    document = header.model_dump_json().encode()
    document += b" " * (-(len(MAGIC) + _LENGTH_BYTES + len(document)) % _ALIGNMENT)
    length = len(document).to_bytes(_LENGTH_BYTES, "little")
    return b"".join((MAGIC, length, document, *arrays.parts))


def decode_table(content: bytes) -> Table:
    """Returns the table of a stored form, which `encode_table` wrote."""
    start = len(MAGIC) + _LENGTH_BYTES
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    header = _Header.model_validate_json(content[start:end])
    arrays = memoryview(content)[end:]
    return Table(
        columns=tuple(_column(stored, arrays) for stored in header.columns),
        num_rows=header.num_rows,
        delimiter=header.delimiter,
        first_row=header.first_row,
    )


class _Arrays:
    """Collects arrays one after the other."""

    def __init__(self) -> None:
        self.parts: list[bytes | memoryview] = []
        self._size = 0

    def add(self, array: NDArray[Any]) -> _Array:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        raw = np.ascontiguousarray(little).view(np.uint8).data
        place = _Array(dtype=little.dtype.str, start=self._size, size=array.size)
        padding = -len(raw) % _ALIGNMENT
        self.parts += [raw, b"\x00" * padding]
        self._size += len(raw) + padding
        return place


def _stored(column: Column, arrays: _Arrays) -> _StoredColumn:
    labels = Labels.of(column.labels) if isinstance(column.labels, tuple) else column.labels
    is_labelled = column.type.has_labels and isinstance(labels, Labels)
    missing_N = column.missing_N
    return _StoredColumn(
        name=column.name,
        type=column.type,
        scale=column.numbers.scale,
        read_as=column.read_as,
        time_zone=column.time_zone,
        numbers=arrays.add(column.numbers.stored_N),
        missing=None if missing_N is None else arrays.add(np.packbits(missing_N)),
        labels=arrays.add(np.frombuffer(labels.content, np.uint8)) if is_labelled else None,
        label_ends=arrays.add(labels.ends) if is_labelled else None,
    )


def _column(stored: _StoredColumn, arrays: memoryview) -> Column:
    stored_N = _load(stored.numbers, arrays)
    missing_N = None
    if stored.missing is not None:
        bits = np.unpackbits(_load(stored.missing, arrays), count=stored_N.size)
        missing_N = bits.astype(np.bool_)
    labels: tuple[str, ...] | Labels = ()
    if stored.labels is not None and stored.label_ends is not None:
        content = _load(stored.labels, arrays).tobytes()
        labels = Labels(content=content, ends=_load(stored.label_ends, arrays))
    return Column(
        name=stored.name,
        type=stored.type,
        numbers=Compact(stored_N=stored_N, scale=stored.scale),
        missing_N=missing_N,
        labels=labels,
        read_as=stored.read_as,
        time_zone=stored.time_zone,
    )


def _load(place: _Array, arrays: memoryview) -> NDArray[Any]:
    dtype = np.dtype(place.dtype)
    return np.frombuffer(arrays, dtype=dtype, count=place.size, offset=place.start)
