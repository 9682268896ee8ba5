"""A window depends on its readings alone: any chunking and any order of merges give its bytes."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.domain.windows.packing import pack, unpack
from app.domain.windows.window import MAX_LISTED, Window, aligned, merge, summarise

floats = st.floats(width=32, allow_nan=True, allow_infinity=True)
values = arrays(np.float32, st.integers(1, 80), elements=floats)


def of(values_n: np.ndarray, *, first_step: int = 0) -> Window:
    steps_n = np.arange(first_step, first_step + values_n.size, dtype=np.int32)
    return summarise(steps_n, values_n)


def pieces(values_n: np.ndarray, cuts: list[int]) -> list[Window]:
    ends = sorted({0, values_n.size, *(cut for cut in cuts if cut < values_n.size)})
    return [of(values_n[start:stop], first_step=start) for start, stop in pairwise(ends)]


@given(values, st.lists(st.integers(1, 79)), st.randoms())
def test_any_chunking_in_any_order_gives_the_same_bytes(
    values_n: np.ndarray, cuts: list[int], shuffle: random.Random
) -> None:
    found = pieces(values_n, cuts)
    shuffle.shuffle(found)

    assert pack(merge(found)) == pack(of(values_n))


@given(values, st.integers(1, 40), st.integers(41, 79))
def test_merging_is_associative(values_n: np.ndarray, low: int, high: int) -> None:
    first, *others = pieces(values_n, [low, high])

    to_the_left = first
    for other in others:
        to_the_left = merge([to_the_left, other])
    to_the_right = merge([first, merge(others)]) if others else first

    assert pack(to_the_left) == pack(to_the_right)


@given(values)
def test_a_window_comes_back_from_its_bytes(values_n: np.ndarray) -> None:
    packed = pack(of(values_n))

    assert pack(unpack(packed)) == packed


def test_a_window_holds_what_its_readings_amount_to() -> None:
    nan, inf = float("nan"), float("inf")

    window = of(np.array([nan, 3, 1, inf, 1, 3, -inf, 2, nan], dtype=np.float32), first_step=10)

    assert (window.count, window.num_finite) == (9, 5)
    assert (window.first.step, window.last.step) == (10, 18)
    assert window.least is not None
    assert (window.least.step, window.least.value) == (12, 1)
    assert window.greatest is not None
    assert (window.greatest.step, window.greatest.value) == (11, 3)
    found = window.non_finite
    assert (found.num_nan, found.num_inf, found.num_negative_inf) == (2, 1, 1)
    assert found.steps_k.tolist() == [10, 13, 16, 18]
    assert found.kinds_k.tolist() == [0, 1, 2, 0]


def test_without_a_finite_reading_there_are_no_extrema() -> None:
    window = unpack(pack(of(np.full(3, np.nan, dtype=np.float32))))

    assert (window.least, window.greatest) == (None, None)
    assert (window.total, window.squares, window.num_finite) == (0, 0, 0)


def test_the_first_non_finite_readings_are_listed_and_all_are_counted() -> None:
    bad = np.full(MAX_LISTED, np.inf, dtype=np.float32)

    merged = merge([of(bad, first_step=MAX_LISTED), of(bad)])

    assert merged.non_finite.count == 2 * MAX_LISTED
    assert merged.non_finite.steps_k.tolist() == list(range(MAX_LISTED))


def test_counts_of_many_equal_readings_fit() -> None:
    window = of(np.ones(70_000, dtype=np.float32))

    assert unpack(pack(window)).histogram.counts_b.tolist() == [70_000]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([], []),
        ([0, 3, 4], [(0, [0, 3]), (1, [4])]),
        ([7, 8, 9, 30], [(1, [7]), (2, [8, 9]), (7, [30])]),
    ],
)
def test_each_step_belongs_to_the_window_of_its_number(
    steps: list[int], wanted: list[tuple[int, list[int]]]
) -> None:
    steps_n = np.array(steps, dtype=np.int32)

    found = [(number, steps_n[place].tolist()) for number, place in aligned(steps_n, size=4)]

    assert found == wanted
