"""A cover holds each step of its range exactly once, in few windows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.windows.cover import Cover, Span, cover
from app.domain.windows.window import FAN_OUT, WINDOW_STEPS

steps = st.integers(0, 5 * WINDOW_STEPS[2])


def ranges_of(found: Cover) -> list[tuple[int, int]]:
    of_spans = [
        (span.first_number * size, (span.last_number + 1) * size - 1)
        for span in found.spans
        for size in [WINDOW_STEPS[span.level]]
    ]
    return sorted([*of_spans, *found.rest])


@given(steps, steps, st.integers(0, 5 * WINDOW_STEPS[1]))
def test_each_step_is_held_once(first: int, length: int, num_windows: int) -> None:
    last = first + length

    found = cover(first, last, windowed_steps=num_windows * WINDOW_STEPS[0])

    ranges = ranges_of(found)
    assert ranges[0][0] == first
    assert ranges[-1][1] == last
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))
    assert len(found.spans) <= 5
    assert all(
        span.level == 2 or span.last_number - span.first_number < 2 * FAN_OUT
        for span in found.spans
    )


def test_a_range_within_a_window_is_read() -> None:
    found = cover(5, 1000, windowed_steps=10 * 1024)

    assert found == Cover(spans=(), rest=((5, 1000),))


def test_spans_are_in_the_order_of_their_steps() -> None:
    windowed = 2 * WINDOW_STEPS[2] + WINDOW_STEPS[1] + 3 * WINDOW_STEPS[0]

    found = cover(1, windowed, windowed_steps=windowed)

    assert found.spans == (
        Span(level=0, first_number=1, last_number=31),
        Span(level=1, first_number=1, last_number=31),
        Span(level=2, first_number=1, last_number=1),
        Span(level=1, first_number=64, last_number=64),
        Span(level=0, first_number=65 * 32, last_number=65 * 32 + 2),
    )
    assert found.rest == ((1, 1023), (windowed, windowed))


def test_a_range_of_whole_larger_windows_has_one_span() -> None:
    size = WINDOW_STEPS[1]

    found = cover(size, 3 * size - 1, windowed_steps=3 * size)

    assert found == Cover(spans=(Span(level=1, first_number=1, last_number=2),), rest=())
