"""Medians that a few wild values do not move."""

import numpy as np
import pytest

from app.domain.diagnosis.evidence import interval, number
from app.domain.diagnosis.trends import (
    BLOCK,
    block_medians,
    finite_median,
    is_above_usual,
    medians_before,
    medians_of_bins,
)
from app.domain.telemetry import DoubleArray


def test_a_median_before_a_block_looks_only_back() -> None:
    values = np.concatenate([np.full(BLOCK, 1.0), np.full(BLOCK, np.nan), np.full(BLOCK, 9.0)])

    medians = medians_before(values, np.arange(3), history=BLOCK)

    np.testing.assert_array_equal(medians, [np.nan, 1, np.nan])


def test_a_median_of_nothing_is_none() -> None:
    assert finite_median(np.array([np.nan, np.inf])) is None
    assert finite_median(np.array([np.nan, 2.0])) == 2


def test_medians_of_stretches_cover_every_value_once() -> None:
    medians, begins = medians_of_bins(np.array([1.0, 2.0, 9.0, 4.0, 4.0, np.inf]), num_bins=2)

    assert medians.tolist() == [2.0, 4.0]
    assert begins.tolist() == [0, 3]
    assert medians_of_bins(np.array([1.0, 2.0]), num_bins=5)[0].tolist() == [1.0, 2.0]


def test_numbers_that_json_cannot_hold_are_none() -> None:
    assert [number(value) for value in (None, np.nan, np.inf, 1)] == [None, None, None, 1.0]
    assert interval(None) is None
    assert interval((0.0, np.inf)) == [0.0, None]


def test_a_median_before_a_block_is_that_of_the_finite_values() -> None:
    values = _wild_values()
    blocks = np.arange(1, values.size // BLOCK + 1)

    medians = medians_before(values, blocks, history=400)

    for block, median in zip(blocks, medians, strict=True):
        start = block * BLOCK
        expected = finite_median(values[max(0, start - 400) : start])
        assert np.isnan(median) if expected is None else np.isclose(median, expected)


@pytest.mark.parametrize("factor", [1.5, 3.0, 100.0])
def test_values_above_the_usual_are_those_above_the_median_before_their_block(
    factor: float,
) -> None:
    values = _wild_values()
    blocks = np.arange(values.size // BLOCK + 1)
    medians = medians_before(values, blocks, history=400)
    expected = values > factor * np.abs(np.repeat(medians, BLOCK)[: values.size])
    is_asked = blocks % 2 == 0

    found = is_above_usual(values, factor=factor, history=400)
    asked = is_above_usual(values, is_asked, factor=factor, history=400)

    assert found.any()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(asked, expected & np.repeat(is_asked, BLOCK)[: values.size])


def test_nothing_is_not_above_the_usual() -> None:
    assert is_above_usual(np.array([]), factor=2.0, history=400).size == 0


def _wild_values() -> DoubleArray:
    values = np.random.default_rng(1).normal(size=1003)
    values[[5, 8, 300, 950]] = [np.nan, np.inf, -np.inf, 1e6]
    values[100:600] = np.nan
    return values


def test_blocks_have_medians_of_their_finite_values() -> None:
    values = np.concatenate([np.arange(20.0), [np.nan] * 19, [np.inf], [3.0, np.nan, 5.0]])

    np.testing.assert_array_equal(block_medians(values), [9.5, np.nan, 4.0])


def test_no_values_have_no_blocks() -> None:
    assert block_medians(np.empty(0)).size == 0
