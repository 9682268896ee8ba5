"""Turns local times of a named zone into UTC.

Legend: N rows.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.domain.errors import InvalidData
from app.domain.tables import Column
from app.reading.cells import Cells
from app.reading.plain import seconds_of

#: A time of day, and after it the zone.
_ZONED = r":[0-9].*(?:Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)$"
_MICROSECONDS = 10**6


def to_utc(column: Column, cells: Cells, *, zone: str) -> Column:
    """Moves the times of a column that name no zone of their own.

    Of two rows with the same time in the hour that occurs twice, the later one is in its second
    occurrence. Raises InvalidData for a time that the zone leaves out, and for an unknown zone.
    """
    has_own_N = np.concatenate(
        [
            pc.match_substring_regex(chunk.fill_null(""), _ZONED).to_numpy(zero_copy_only=False)
            for chunk in cells.chunks
        ]
    )
    local_N = np.rint(column.numbers.values() * _MICROSECONDS).astype(np.int64)
    utc_N = _utc(local_N, zone, "earliest")
    latest_N = _utc(local_N, zone, "latest")
    left_out_N = (_offset(utc_N, zone) != local_N - utc_N) & ~has_own_N
    if column.missing_N is not None:
        left_out_N &= ~column.missing_N
    if left_out_N.any():
        row = cells.first_row + int(np.argmax(left_out_N))
        detail = f"row {row}, column {column.name!r}: {zone} has no such time; "
        detail += "clocks were put forward. Try another time_zone"
        raise InvalidData.at(f"row/{row}/{column.name}", detail, code="no_such_local_time")
    twice_N = np.flatnonzero((utc_N != latest_N) & ~has_own_N)
    second = twice_N[_is_second(local_N[twice_N])]
    utc_N[second] = latest_N[second]
    seconds = seconds_of(np.where(has_own_N, local_N, utc_N))
    return replace(column, numbers=seconds, time_zone=zone)


def _is_second(values_n: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a value is the second of exactly two that are equal."""
    _, first_n, inverse_n, count_n = np.unique(
        values_n, return_index=True, return_inverse=True, return_counts=True
    )
    is_first_n = np.zeros(values_n.shape, dtype=np.bool_)
    is_first_n[first_n] = True
    is_second_n: NDArray[np.bool_] = ~is_first_n & (count_n[inverse_n] == 2)  # noqa: PLR2004 - twice
    return is_second_n


def _utc(local_N: NDArray[np.int64], zone: str, which: str) -> NDArray[np.int64]:
    moments = pa.array(local_N).cast(pa.timestamp("us"))
    try:
        aware = pc.assume_timezone(moments, zone, ambiguous=which, nonexistent=which)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        detail = f"there is no time zone {zone!r}; names are like Europe/Berlin or UTC"
        raise InvalidData.at("query/time_zone", detail, code="unknown_time_zone") from error
    utc_N: NDArray[np.int64] = aware.cast(pa.int64()).to_numpy().copy()
    return utc_N


def _offset(utc_N: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    moments = pa.array(utc_N).cast(pa.timestamp("us", zone))
    local = pc.local_timestamp(moments).cast(pa.int64()).to_numpy()
    offset_N: NDArray[np.int64] = local - utc_N
    return offset_N
