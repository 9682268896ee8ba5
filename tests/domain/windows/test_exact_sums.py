"""Sums are exact: they equal those of fractions, in any order."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.domain.windows.exact_sums import UNIT_BITS, exact_mean, exact_sums

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
values = arrays(np.float32, st.integers(0, 60), elements=finite)


@given(values)
def test_sums_are_those_of_fractions(values_n: np.ndarray) -> None:
    total, squares = exact_sums(values_n)

    fractions = [Fraction(float(value)) for value in values_n]
    assert Fraction(total, 2**UNIT_BITS) == sum(fractions)
    assert Fraction(squares, 2 ** (2 * UNIT_BITS)) == sum(value**2 for value in fractions)


def test_many_equal_values_are_not_rounded() -> None:
    value = np.float32(1 + 2.0**-23)

    total, squares = exact_sums(np.full(100_000, value))

    assert total == 100_000 * exact_sums(np.array([value]))[0]
    assert squares == 100_000 * exact_sums(np.array([value]))[1]


def test_the_least_and_the_greatest_number_are_summed() -> None:
    limits = np.finfo(np.float32)
    numbers = np.array([limits.smallest_subnormal, limits.max, -limits.max], dtype=np.float32)

    total, _ = exact_sums(numbers)

    assert total == 1 << (UNIT_BITS - 149)


@pytest.mark.parametrize(("numbers", "mean"), [([1.0, 2.0, 6.0], 3.0), ([3e38, 3e38], 3e38)])
def test_a_mean_is_rounded_once(numbers: list[float], mean: float) -> None:
    total, _ = exact_sums(np.array(numbers, dtype=np.float32))

    assert exact_mean(total, len(numbers)) == pytest.approx(mean)
