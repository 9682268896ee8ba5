"""Which windows make up a range of steps, and which steps at its ends are left to be read."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.windows.window import FAN_OUT, WINDOW_STEPS


@dataclass(frozen=True, kw_only=True)
class Span:
    """Consecutive windows of one level; both ends are included."""

    level: int
    first_number: int
    last_number: int


@dataclass(frozen=True, kw_only=True)
class Cover:
    """Windows and ranges of steps that together hold each step of a range once."""

    #: In the order of their steps.
    spans: tuple[Span, ...]
    #: First and last step of each range that no window covers, in order.
    rest: tuple[tuple[int, int], ...]


def cover(from_step: int, to_step: int, *, windowed_steps: int) -> Cover:
    """Covers the steps from `from_step` to `to_step`, both included.

    `windowed_steps`, a multiple of the smallest window, is the first step that no window holds.
    """
    size = WINDOW_STEPS[0]
    low, end = -(-from_step // size), min(to_step + 1, windowed_steps) // size
    if low >= end:
        return Cover(spans=(), rest=_ranges((from_step, to_step)))
    rest = _ranges((from_step, low * size - 1), (end * size, to_step))
    return Cover(spans=tuple(_spans(low, end, level=0)), rest=rest)


def _ranges(*ranges: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Leaves out the empty ones."""
    return tuple((first, last) for first, last in ranges if first <= last)


def _spans(low: int, end: int, *, level: int) -> Iterator[Span]:
    """Yields the windows from number `low` of a level up to `end`, as few as possible."""
    inner_low, inner_end = -(-low // FAN_OUT), end // FAN_OUT
    if level + 1 == len(WINDOW_STEPS) or inner_low >= inner_end:
        yield from _span(low, end, level=level)
        return
    yield from _span(low, inner_low * FAN_OUT, level=level)
    yield from _spans(inner_low, inner_end, level=level + 1)
    yield from _span(inner_end * FAN_OUT, end, level=level)


def _span(low: int, end: int, *, level: int) -> Iterator[Span]:
    if low < end:
        yield Span(level=level, first_number=low, last_number=end - 1)
