"""Sends and fetches NumPy arrays as PostgreSQL's binary arrays, without loss of bits.

The wire format (src/backend/utils/adt/arrayfuncs.c, array_send): dimensions, flags, element type,
then (size, lower bound) per dimension, then (length, value) per element, all big-endian.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.rows import TupleRow
from sqlalchemy import Dialect
from sqlalchemy.types import UserDefinedType

#: Number of dimensions, whether there are nulls, element type.
_HEADER = struct.Struct(">iiI")
#: Size and lower bound.
_DIMENSION = struct.Struct(">ii")
#: Bytes of an element.
_LENGTH = struct.Struct(">i")
_BYTEA_OID = 17


class _ArrayDumper(Dumper):
    format = Format.BINARY
    element_oid: ClassVar[int]
    value_type: ClassVar[str]

    def dump(self, obj: NDArray[np.generic]) -> bytes:
        value = np.dtype(self.value_type)
        elements = np.empty(obj.size, dtype=[("length", ">i4"), ("value", value)])
        elements["length"] = value.itemsize
        elements["value"] = obj.ravel()
        return _header(obj.shape if obj.size else (), self.element_oid) + elements.tobytes()


class _Int4Dumper(_ArrayDumper):
    oid = 1007
    element_oid = 23
    value_type = ">i4"


class _Float4Dumper(_ArrayDumper):
    oid = 1021
    element_oid = 700
    value_type = ">f4"


class _Float8Dumper(_ArrayDumper):
    oid = 1022
    element_oid = 701
    value_type = ">f8"


class _Int8Dumper(_ArrayDumper):
    oid = 1016
    element_oid = 20
    value_type = ">i8"


_DUMPERS: Mapping[np.dtype[np.generic], type[_ArrayDumper]] = MappingProxyType(
    {
        np.dtype(np.int32): _Int4Dumper,
        np.dtype(np.int64): _Int8Dumper,
        np.dtype(np.float32): _Float4Dumper,
        np.dtype(np.float64): _Float8Dumper,
    }
)


class _AnyArrayDumper(Dumper):
    """Chooses the dumper by the array's dtype; raises KeyError for a dtype that has none."""

    format = Format.BINARY

    def get_key(self, obj: NDArray[np.generic], _format: object) -> tuple[type, ...]:
        return (self.cls, _DUMPERS[obj.dtype])

    def upgrade(self, obj: NDArray[np.generic], _format: object) -> Dumper:
        return _DUMPERS[obj.dtype](self.cls)

    def dump(self, obj: NDArray[np.generic]) -> bytes:
        return _DUMPERS[obj.dtype](self.cls).dump(obj)


@dataclass(frozen=True)
class ByteStrings:
    """Byte strings that are sent as one `bytea[]`; psycopg's own way escapes each as text."""

    items: Sequence[bytes]


class _ByteStringsDumper(Dumper):
    format = Format.BINARY
    oid = 1001

    def dump(self, obj: ByteStrings) -> bytes:
        parts = [_header((len(obj.items),) if obj.items else (), _BYTEA_OID)]
        for item in obj.items:
            parts += (_LENGTH.pack(len(item)), item)
        return b"".join(parts)


class _ArrayLoader(Loader):
    format = Format.BINARY
    element_type: ClassVar[np.dtype[np.void]]
    native_type: ClassVar[np.dtype[np.generic]]

    def __init_subclass__(cls, *, value_type: str) -> None:
        value = np.dtype(value_type)
        cls.element_type = np.dtype([("length", ">i4"), ("value", value)])
        cls.native_type = value.newbyteorder("=")

    def load(self, data: Buffer) -> NDArray[np.generic]:
        num_dimensions, has_nulls, _ = _HEADER.unpack_from(data)
        if has_nulls:
            detail = "a numeric array of the store holds NULL"
            raise ValueError(detail)
        start = _HEADER.size + num_dimensions * _DIMENSION.size
        elements = np.frombuffer(data, self.element_type, offset=start)
        native = elements["value"].astype(self.native_type)
        if num_dimensions == 1:
            return native
        sizes = [
            _DIMENSION.unpack_from(data, _HEADER.size + number * _DIMENSION.size)[0]
            for number in range(num_dimensions)
        ]
        return native.reshape(sizes) if sizes else native


class _Int4Loader(_ArrayLoader, value_type=">i4"):
    pass


class _Float4Loader(_ArrayLoader, value_type=">f4"):
    pass


class _Float8Loader(_ArrayLoader, value_type=">f8"):
    pass


class _Int8Loader(_ArrayLoader, value_type=">i8"):
    pass


_LOADERS = {1007: _Int4Loader, 1016: _Int8Loader, 1021: _Float4Loader, 1022: _Float8Loader}


class NumpyArray(UserDefinedType[NDArray[np.generic]]):
    """The type of a column that holds NumPy arrays of numbers.

    A statement that selects such a column needs the execution option BINARY_RESULTS.
    """

    cache_ok = True

    def __init__(self, element: str) -> None:
        #: `INTEGER`, `REAL` or `DOUBLE PRECISION`.
        self.element = element

    def get_col_spec(self, **_: object) -> str:
        return f"{self.element}[]"

    def result_processor(
        self, _dialect: Dialect, _coltype: object
    ) -> Callable[[object], NDArray[np.generic] | None]:
        return _checked_array


def _checked_array(value: object) -> NDArray[np.generic] | None:
    if value is None or isinstance(value, np.ndarray):
        return value
    detail = "read numeric arrays with BINARY_RESULTS"
    raise TypeError(detail)


def _header(shape: tuple[int, ...], element_oid: int) -> bytes:
    header = _HEADER.pack(len(shape), 0, element_oid)
    return header + b"".join(_DIMENSION.pack(size, 1) for size in shape)


def register_arrays(connection: Connection[TupleRow]) -> None:
    """Lets one connection send and fetch NumPy arrays, and send `ByteStrings`."""
    context: AdaptContext = connection
    context.adapters.register_dumper(np.ndarray, _AnyArrayDumper)
    context.adapters.register_dumper(ByteStrings, _ByteStringsDumper)
    for oid, loader in _LOADERS.items():
        context.adapters.register_loader(oid, loader)
