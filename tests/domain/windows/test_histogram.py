"""Percentiles of a histogram are within the stated error, for every number of single precision."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.domain.windows.histogram import (
    PERCENTILE_ERROR,
    histogram_of,
    medians,
    merge_histograms,
    percentiles,
)

PERCENTS = (0, 1, 10, 37.5, 50, 90, 99, 100)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
values = arrays(np.float32, st.integers(1, 200), elements=finite)


def test_the_stated_error_is_below_one_per_cent() -> None:
    assert 0 < PERCENTILE_ERROR < 0.01


@given(values)
def test_percentiles_of_one_sign_are_within_the_error(values_n: np.ndarray) -> None:
    positive_n = np.abs(values_n)

    for sign in (1, -1):
        found = percentiles(histogram_of(sign * positive_n), PERCENTS)
        exact = np.percentile(sign * positive_n.astype(np.float64), PERCENTS)
        np.testing.assert_allclose(found, exact, rtol=PERCENTILE_ERROR * (1 + 1e-9), atol=0)


@given(values)
def test_between_signs_the_error_is_relative_to_the_larger_neighbour(values_n: np.ndarray) -> None:
    doubles_n = np.sort(values_n.astype(np.float64))

    found = percentiles(histogram_of(values_n), PERCENTS)

    ranks = np.array(PERCENTS) / 100 * (doubles_n.size - 1)
    low, high = doubles_n[np.floor(ranks).astype(int)], doubles_n[np.ceil(ranks).astype(int)]
    bound = PERCENTILE_ERROR * np.maximum(np.abs(low), np.abs(high)) * (1 + 1e-9)
    assert (np.abs(found - np.percentile(doubles_n, PERCENTS)) <= bound + 1e-300).all()


def test_every_magnitude_has_a_bin() -> None:
    limits = np.finfo(np.float32)
    numbers = np.array([0, -0.0, limits.smallest_subnormal, limits.max, -limits.max], "f4")

    histogram = histogram_of(numbers)

    assert histogram.bins_b.tolist()[1:3] == [0, 1]
    assert histogram.bins_b[0] == -histogram.bins_b[-1]
    assert histogram.counts_b.tolist() == [1, 2, 1, 1]


@given(values, st.integers(0, 200))
def test_a_merged_histogram_is_that_of_all_values(values_n: np.ndarray, cut: int) -> None:
    parts = [histogram_of(values_n[:cut]), histogram_of(values_n[cut:])]

    merged, whole = merge_histograms(parts), histogram_of(values_n)

    assert merged.bins_b.tolist() == whole.bins_b.tolist()
    assert merged.counts_b.tolist() == whole.counts_b.tolist()


@given(st.lists(values, min_size=1, max_size=6))
def test_medians_are_the_percentiles_of_each_histogram(series: list[np.ndarray]) -> None:
    histograms = [histogram_of(values_n) for values_n in series]

    found = medians(histograms)

    assert found.tolist() == [percentiles(one, [50])[0] for one in histograms]
