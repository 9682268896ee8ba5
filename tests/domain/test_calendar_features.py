"""Calendar fields against the standard library's dates."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.domain.calendar_features import (
    CalendarField,
    calendar_columns,
    local_seconds,
    positions,
)

ORACLE: dict[CalendarField, tuple[int, Callable[[datetime], int]]] = {
    "minute_of_hour": (60, lambda time: time.minute),
    "hour_of_day": (24, lambda time: time.hour),
    "day_of_week": (7, lambda time: time.weekday()),
    "day_of_month": (31, lambda time: time.day - 1),
    "day_of_year": (366, lambda time: time.timetuple().tm_yday - 1),
    "month_of_year": (12, lambda time: time.month - 1),
}
#: Two centuries around 1970, the last second of a leap year, and the hours around summer time.
SECONDS = np.concatenate(
    [
        np.random.default_rng(0).uniform(-3e9, 3e9, 300),
        [datetime(2020, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()],
        datetime(2024, 3, 31, tzinfo=UTC).timestamp() + 900.0 * np.arange(12),
        datetime(2024, 10, 27, tzinfo=UTC).timestamp() + 900.0 * np.arange(12),
    ]
)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("field", get_args(CalendarField))
def test_a_field_is_what_local_clocks_and_calendars_show(
    field: CalendarField, zone: str | None
) -> None:
    period, position = ORACLE[field]
    times = [
        datetime.fromtimestamp(math.floor(second), UTC).astimezone(ZoneInfo(zone or "UTC"))
        for second in SECONDS
    ]

    local_n = local_seconds(SECONDS, zone)

    expected = [position(time) for time in times]
    assert positions(local_n, field).tolist() == expected
    angles = 2 * np.pi * np.array(expected) / period
    columns_n2 = calendar_columns(local_n, [field])
    np.testing.assert_allclose(columns_n2, np.stack([np.sin(angles), np.cos(angles)], axis=1))
