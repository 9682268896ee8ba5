"""Numbers are stored small and come back bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.compact import Compact, compact, join, shrink


@pytest.mark.parametrize(
    ("values", "dtype", "scale"),
    [
        ([1.0, 2.0, 127.0], np.int8, 1),
        ([1.0, 128.0], np.int16, 1),
        ([0.5, -3.25], np.int16, 100),
        ([20.5, 19.5], np.int16, 10),
        ([1e12, 1.0], np.int64, 1),
        ([0.1234567], np.float64, 1),
        ([-0.0, 1.0], np.float64, 1),
        ([1e300, 1.0], np.float64, 1),
    ],
)
def test_numbers_take_the_smallest_type_that_gives_them_back(
    values: list[float], dtype: type, scale: int
) -> None:
    found = compact(np.array(values))

    assert (found.stored_N.dtype, found.scale) == (np.dtype(dtype), scale)
    assert found.values().tobytes() == np.array(values).tobytes()


def test_a_late_number_that_needs_more_digits_is_not_rounded() -> None:
    values = np.append(np.ones(1000), 0.125)

    found = compact(values)

    assert found.scale == 1000
    np.testing.assert_array_equal(found.values(), values)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_any_numbers_come_back_bit_for_bit(values: list[float]) -> None:
    assert compact(np.array(values)).values().tobytes() == np.array(values).tobytes()


@given(
    st.lists(
        st.lists(st.integers(-(10**7), 10**7).map(lambda whole: whole / 100), min_size=1)
        | st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1),
        min_size=1,
    )
)
def test_parts_joined_are_all_their_numbers(parts: list[list[float]]) -> None:
    joined = join([compact(np.array(part)) for part in parts])

    assert joined.values().tobytes() == np.concatenate(parts).tobytes()


@pytest.mark.parametrize(
    ("parts", "dtype", "scale"),
    [
        ([[1.0, 2.0], [3.0]], np.int8, 1),
        ([[0.5], [0.25], [2.0]], np.int16, 100),
        ([[0.5], [0.25]], np.int8, 100),
        ([[0.5], [1 / 3]], np.float64, 1),
    ],
)
def test_joined_parts_have_the_finest_scale_of_all(
    parts: list[list[float]], dtype: type, scale: int
) -> None:
    joined = join([compact(np.array(part)) for part in parts])

    assert (joined.stored_N.dtype, joined.scale) == (np.dtype(dtype), scale)
    assert joined.values().tolist() == [value for part in parts for value in part]


def test_parts_whose_common_scale_is_too_large_are_joined_as_doubles() -> None:
    parts = [compact(np.array([9.0e15])), compact(np.array([0.5])), compact(np.array([]))]

    assert join(parts).values().tolist() == [9.0e15, 0.5]


def test_whole_numbers_of_64_bits_keep_all_digits() -> None:
    ids = np.array([2**62, 2**62 + 1])

    assert shrink(ids).tolist() == ids.tolist()
    assert (
        join([Compact(stored_N=shrink(ids)), Compact(stored_N=shrink(ids))]).stored_N[1] == ids[1]
    )
    assert shrink(np.array([], dtype=np.int64)).dtype == np.int8
