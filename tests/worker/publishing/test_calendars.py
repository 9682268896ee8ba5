"""Local times of the timesteps that a network reads, and of those that follow."""

import math

import pytest

from worker.publishing.program.calendars import calendar_of
from worker.publishing.program.dates import iso_moment
from worker.publishing.program.network import Unusable
from worker.publishing.program.times import Moment

BERLIN = "Europe/Berlin"


def hours_of(moments: list[Moment], zone: str | None, *, lead: int, count: int) -> list[int]:
    calendar = {"fields": ["hour_of_day"], "leads": [lead], "time_zone": zone}
    points = calendar_of(calendar, {"moments": moments}, count)
    return [round(math.atan2(sine, cosine) / (2 * math.pi) * 24) % 24 for sine, cosine in points]


def days(form: str, first: int, last: int) -> list[Moment]:
    return [iso_moment(form.format(day=day)) for day in range(first, last)]


@pytest.mark.parametrize(
    ("moments", "zone", "hours"),
    [
        (days("2024-01-{day:02d}T06:00", 1, 6), None, [6] * 5),
        (days("2024-01-{day:02d}T06:00", 1, 6), BERLIN, [6] * 5),
        (days("2024-01-{day:02d}T06:00+00:00", 1, 6), BERLIN, [7] * 5),
        (days("2024-03-{day:02d}T06:00", 26, 31), BERLIN, [6] * 5),
        (days("2024-03-{day:02d}T05:00+00:00", 26, 31), BERLIN, [6, 6, 7, 7, 7]),
        (
            [Moment(each.value, "time", BERLIN) for each in days("2024-01-{day:02d}T06:00", 1, 6)],
            BERLIN,
            [7] * 5,
        ),
    ],
)
def test_hours_are_those_of_local_clocks(
    moments: list[Moment], zone: str | None, hours: list[int]
) -> None:
    """Clocks are put forward in the night to 31 March 2024, between two timesteps of a day."""
    assert hours_of(moments, zone, lead=3, count=5) == hours


def test_times_that_follow_may_be_given() -> None:
    moments = [*days("2024-01-0{day}T06:00", 1, 3), iso_moment("2024-01-05T07:00")]
    calendar = {"fields": ["hour_of_day"], "leads": [1], "time_zone": None}

    points = calendar_of(
        calendar, {"moments": moments, "moments_ahead": [iso_moment("2024-01-05T12:00")]}, 3
    )

    assert points[2] == pytest.approx([0, -1], abs=1e-12)
    with pytest.raises(Unusable, match="are not known"):
        calendar_of(calendar, {"moments": moments}, 3)


def test_a_calendar_needs_times() -> None:
    with pytest.raises(Unusable, match="an input needs `times`"):
        calendar_of({"fields": [], "leads": [1], "time_zone": None}, {}, 3)


def test_a_zone_that_is_not_known_is_named() -> None:
    with pytest.raises(Unusable, match="'Mars/Olympus'"):
        hours_of(days("2024-01-{day:02d}", 1, 6), "Mars/Olympus", lead=1, count=5)
