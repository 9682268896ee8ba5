"""Numbers and comparisons in words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.diagnosis.prose import (
    counted,
    first_sentence,
    latest,
    likelihood,
    listed,
    lowered,
    percent,
    power_of_ten,
    relation,
    rounded,
    sentence,
    short,
    two_digits,
)

#: Beside the largest number; to three digits it is 1.8e308, which no double holds.
NEAR_LARGEST = 1.7955e308
FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.15083, "0.151"),
        (1.0, "1"),
        (0.001, "0.001"),
        (0.0009996, "0.001"),
        (12_345.0, "12,300"),
        (999_999.0, "1e6"),
        (2.4e-7, "2.4e-7"),
        (-3.14159, "-3.14"),
        (math.nan, "NaN"),
        (math.inf, "infinite"),
        (-math.inf, "minus infinity"),
    ],
)
def test_a_number_has_three_digits_at_most(value: float, text: str) -> None:
    assert short(value) == text


@given(value=FINITE.filter(lambda value: abs(value) > 1e-300))
def test_a_number_in_words_is_the_number_to_half_a_percent(value: float) -> None:
    told = float(short(value).replace(",", ""))

    assert math.isclose(told, value, rel_tol=5.001e-3)


@given(value=FINITE, limit=FINITE)
def test_a_comparison_holds_for_the_numbers_as_printed(value: float, limit: float) -> None:
    told, bound = (float(short(one).replace(",", "")) for one in (value, limit))

    is_below, is_above = told < bound, told > bound
    assert (relation(value, limit) == "below", relation(value, limit) == "above") == (
        is_below,
        is_above,
    )


def test_numbers_that_print_alike_are_about_equal() -> None:
    assert relation(0.0100004, 0.01) == "about equal to"
    assert relation(math.nan, 1) == "not comparable with"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (3e-9, "3e-9"),
        (0.0944, "9.4 %"),
        (0.37, "37 %"),
        (0.994, "99.4 %"),
        (0.99999, "nearly 100 %"),
        (1.0, "100 %"),
    ],
)
def test_only_the_whole_is_a_hundred_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_words_agree_in_number() -> None:
    assert (counted(1, "step"), counted(1200, "step")) == ("1 step", "1,200 steps")
    assert (latest(1, "probe"), latest(3, "probe")) == ("the last probe", "the last 3 probes")
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_a_power_of_ten_may_be_larger_than_any_number() -> None:
    assert (power_of_ten(2), power_of_ten(-1), power_of_ten(987.6)) == ("100", "0.1", "1e988")


@pytest.mark.parametrize(
    ("probability", "word"),
    [(0.95, "almost certainly"), (0.7, "very likely"), (0.5, "probably"), (0.3, "possibly")],
)
def test_a_probability_is_a_word(probability: float, word: str) -> None:
    assert likelihood(probability) == word


def test_a_clause_becomes_a_sentence_and_back() -> None:
    assert sentence("the norm is 0.5") == "The norm is 0.5."
    assert first_sentence("The norm is 0.5. It fell.") == "The norm is 0.5."
    assert lowered("The norm is 0.5.") == "the norm is 0.5."
    assert lowered("LSTM's gate closes.") == "LSTM's gate closes."
    assert lowered("`bptt_length` cuts.") == "`bptt_length` cuts."
    assert lowered("A gate closes.") == "a gate closes."


def test_numbers_are_rounded_to_their_digits() -> None:
    assert [rounded(value) for value in (0.0, 1234.5, math.inf)] == [0.0, 1230.0, math.inf]
    assert [two_digits(value) for value in (0.0, 0.123)] == [0.0, 0.12]


def test_a_number_beside_the_largest_is_printed_and_not_changed() -> None:
    assert rounded(NEAR_LARGEST) == NEAR_LARGEST
    assert rounded(-NEAR_LARGEST) == -NEAR_LARGEST
    assert short(NEAR_LARGEST).endswith("e308")
