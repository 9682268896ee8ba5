"""Many series at once have the summaries that each has alone, to the bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from app.domain.windows.block import summarise_all
from app.domain.windows.packing import pack
from app.domain.windows.window import summarise

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
LEAST = np.finfo(np.float32).smallest_subnormal


def check(values_Sn: NDArray[np.float32]) -> None:
    steps_n = np.arange(1024, 1024 + values_Sn.shape[1], dtype=np.int32)

    found = [pack(window) for window in summarise_all(steps_n, values_Sn)]

    assert found == [pack(summarise(steps_n, values_n)) for values_n in values_Sn]


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=FLOATS))
def test_any_series_are_summarised_as_each_alone(values_Sn: NDArray[np.float32]) -> None:
    check(values_Sn)


@pytest.mark.parametrize("seed", range(3))
def test_series_of_very_different_sizes_share_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes_S = np.array([1e-38, 1e-20, 1.0, 1e20, 1e37], dtype=np.float32)
    values_Sn = (rng.standard_normal((5, 1024)) * sizes_S[:, None]).astype(np.float32)
    values_Sn[1, ::3] = 0
    values_Sn[3, 7] = np.nan

    check(values_Sn)
    check(np.ascontiguousarray(values_Sn.T).T)


def test_zeros_and_the_least_numbers_are_kept() -> None:
    check(np.array([[0, -0.0, LEAST, -LEAST], [0, 0, 0, 0]], dtype=np.float32))


def test_series_that_are_not_finite_are_among_the_others() -> None:
    check(np.array([[np.nan, np.inf], [1, 2], [-np.inf, 3], [4, 5]], dtype=np.float32))


def test_no_series_have_no_summaries() -> None:
    assert summarise_all(np.arange(3, dtype=np.int32), np.empty((0, 3), dtype=np.float32)) == []
