"""Windows as bytes, the same for equal windows: what the store keeps.

Little-endian: the head, the two sums, the non-finite readings that are listed, and the bins.
"""

import struct
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from app.domain.windows.histogram import Histogram
from app.domain.windows.window import NonFinite, Point, Window

#: Steps of first, last, least and greatest; their values; readings and three kinds of non-finite
#: ones; those listed, bins, bytes of a count; shift and bytes of both sums.
_HEAD = struct.Struct("<4i4f4IHHBHBHB")
_NO_STEP = -1
_NOT_A_NUMBER = float("nan")
#: Bytes of a count of a bin, by whether 65535 is enough.
_COUNT_TYPES: Mapping[int, np.dtype[np.unsignedinteger]] = MappingProxyType(
    {2: np.dtype("<u2"), 4: np.dtype("<u4")}
)
_STEP_TYPE = np.dtype("<i4")
_BIN_TYPE = np.dtype("<i2")


def pack(window: Window) -> bytes:
    """Returns the bytes of a window of fewer than 2 ** 32 readings."""
    points = [window.first, window.last, window.least, window.greatest]
    found, histogram = window.non_finite, window.histogram
    count_type = _COUNT_TYPES[2 if histogram.counts_b.max(initial=0) < 1 << 16 else 4]
    total_shift, total = _pack_integer(window.total)
    squares_shift, squares = _pack_integer(window.squares)
    head = _HEAD.pack(
        *(_NO_STEP if point is None else point.step for point in points),
        *(_NOT_A_NUMBER if point is None else point.value for point in points),
        *(window.count, found.num_nan, found.num_inf, found.num_negative_inf),
        *(found.steps_k.size, histogram.bins_b.size, count_type.itemsize),
        *(total_shift, len(total), squares_shift, len(squares)),
    )
    arrays = (
        found.steps_k.astype(_STEP_TYPE),
        found.kinds_k,
        histogram.bins_b.astype(_BIN_TYPE),
        histogram.counts_b.astype(count_type),
    )
    return b"".join([head, total, squares, *(array.tobytes() for array in arrays)])


def unpack(packed: bytes) -> Window:
    """Returns the window whose bytes these are."""
    fields = _HEAD.unpack_from(packed)
    points = [Point(step=fields[i], value=fields[i + 4]) for i in range(4)]
    count, num_nan, num_inf, num_negative_inf, num_listed, num_bins, count_size = fields[8:15]
    total_shift, total_size, squares_shift, squares_size = fields[15:]
    parts = _Parts(packed, _HEAD.size)
    return Window(
        count=count,
        first=points[0],
        last=points[1],
        total=_unpack_integer(parts.take(total_size), total_shift),
        squares=_unpack_integer(parts.take(squares_size), squares_shift),
        non_finite=NonFinite(
            num_nan=num_nan,
            num_inf=num_inf,
            num_negative_inf=num_negative_inf,
            steps_k=np.frombuffer(parts.take(num_listed * _STEP_TYPE.itemsize), _STEP_TYPE),
            kinds_k=np.frombuffer(parts.take(num_listed), np.int8),
        ),
        histogram=Histogram(
            bins_b=np.frombuffer(parts.take(num_bins * _BIN_TYPE.itemsize), _BIN_TYPE),
            counts_b=np.frombuffer(
                parts.take(num_bins * count_size), _COUNT_TYPES[count_size]
            ).astype(np.int64),
        ),
        least=None if points[2].step == _NO_STEP else points[2],
        greatest=None if points[3].step == _NO_STEP else points[3],
    )


class _Parts:
    """Takes one part of the bytes after the other."""

    def __init__(self, packed: bytes, start: int) -> None:
        self._packed = packed
        self._start = start

    def take(self, size: int) -> bytes:
        self._start += size
        return self._packed[self._start - size : self._start]


def _pack_integer(value: int) -> tuple[int, bytes]:
    """Returns the zero bits at the end of an integer, and the rest in the fewest bytes."""
    if value == 0:
        return 0, b""
    shift = (value & -value).bit_length() - 1
    odd = value >> shift
    return shift, odd.to_bytes(odd.bit_length() // 8 + 1, "little", signed=True)


def _unpack_integer(packed: bytes, shift: int) -> int:
    return int.from_bytes(packed, "little", signed=True) << shift
