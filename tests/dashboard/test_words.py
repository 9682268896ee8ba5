"""Numbers and times as people read them."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from app.dashboard.words import (
    age,
    curve,
    duration,
    file_size,
    marked,
    short_number,
    sparkline,
    sparkline_marks,
    whole_number,
    words,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.16666, "0.167"),
        (-1.5, "−1.5"),
        (1234.5, "1235"),
        (999.9, "1000"),
        (-0.0, "0"),
        (1.4e-27, "1.40e−27"),
        (123456.0, "1.23e5"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_a_number_has_three_digits(value: float | None, text: str) -> None:
    assert short_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (-1, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "just now"), (61, "1 min ago"), (7201, "2 h ago"), (90000, "1 d ago")]
)
def test_an_age_has_its_largest_unit(seconds: float, text: str) -> None:
    assert age(datetime.now(UTC) - timedelta(seconds=seconds)) == text


def test_what_is_unknown_is_a_dash() -> None:
    assert {age(None), words(None), file_size(None), whole_number(None)} == {"–"}


def test_sizes_and_codes_are_readable() -> None:
    assert file_size(1023) == "1023 B"
    assert file_size(1536) == "1.5 KiB"
    assert file_size(3 * 1024**3) == "3 GiB"
    assert words("at_risk") == "at risk"
    assert whole_number(1234567) == "1\u2009234\u2009567"


def test_a_curve_spans_its_box_and_leaves_out_what_is_no_number() -> None:
    rows: list[dict[str, object]] = [{"a": 1, "b": "x"}, {"a": None}, {"a": 3, "b": True}]

    assert curve(rows, "a") == "M0.0 22.0L100.0 2.0"
    assert curve(rows, "b") == ""


def test_a_sparkline_is_interrupted_where_a_value_is_not_finite() -> None:
    assert sparkline([0, 1, 2, 4], [1.0, 10.0, None, 100.0]) == "M0.0 22.0L25.0 12.0M100.0 2.0"
    assert sparkline([0, 1], [-1.0, 1.0]) == "M0.0 22.0L100.0 2.0"
    assert sparkline([], []) == sparkline([3], [None]) == ""


def test_code_is_marked_and_all_else_is_text() -> None:
    assert marked("Set `a.b` to <1>.") == "Set <code>a.b</code> to &lt;1&gt;."
    assert marked("`<i>`") == "<code>&lt;i&gt;</code>"
    assert marked("one ` alone") == "one ` alone"


def test_values_that_are_not_finite_are_marked_in_a_small_curve() -> None:
    assert sparkline_marks([0, 50, 100], [1.0, None, 2.0]) == "M48 0h4l-2 6z"
    assert sparkline_marks([7], [None]) == "M0 0h4l-2 6z"
    assert sparkline_marks([0, 1], [1.0, 2.0]) == sparkline_marks([], []) == ""


def test_marks_of_many_values_are_no_more_than_can_be_seen() -> None:
    assert sparkline_marks(range(10_000), [None] * 10_000).count("M") == 101
