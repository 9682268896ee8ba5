"""Medians that a few wild values do not move."""

import numpy as np

from app.domain.diagnosis.evidence import interval, number
from app.domain.diagnosis.trends import (
    BLOCK,
    block_medians,
    finite_median,
    medians_of_bins,
    trailing_median,
)


def test_a_trailing_median_looks_only_back() -> None:
    values = np.concatenate([np.full(BLOCK, 1.0), np.full(BLOCK, np.nan), np.full(BLOCK, 9.0)])

    medians = trailing_median(values, history=BLOCK)

    assert np.isnan(medians[:BLOCK]).all()
    assert (medians[BLOCK : 2 * BLOCK] == 1).all()
    assert np.isnan(medians[2 * BLOCK :]).all()


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


def test_a_trailing_median_is_that_of_the_finite_values_before_the_block() -> None:
    values = np.random.default_rng(1).normal(size=1003)
    values[[5, 8, 300]] = [np.nan, np.inf, -np.inf]
    values[100:600] = np.nan

    medians = trailing_median(values, history=400)

    for start in range(BLOCK, values.size, BLOCK):
        past = values[max(0, start - 400) : start]
        expected = finite_median(past)
        block = medians[start : start + BLOCK]
        assert np.isnan(block).all() if expected is None else np.allclose(block, expected)


def test_a_trailing_median_of_nothing_is_nothing() -> None:
    assert trailing_median(np.array([]), history=400).size == 0


def test_blocks_have_medians_of_their_finite_values() -> None:
    values = np.concatenate([np.arange(20.0), [np.nan] * 19, [np.inf], [3.0, np.nan, 5.0]])

    np.testing.assert_array_equal(block_medians(values), [9.5, np.nan, 4.0])


def test_no_values_have_no_blocks() -> None:
    assert block_medians(np.empty(0)).size == 0
