"""Formats numbers for people and for JSON."""

from collections.abc import Iterable
from math import floor, isfinite, log10

from pydantic import JsonValue


def number(value: float | None) -> float | None:
    """Returns the value, or None if it is not finite, which JSON cannot hold."""
    return float(value) if value is not None and isfinite(value) else None


def interval(ends: tuple[float, float] | None) -> JsonValue:
    return None if ends is None else [number(ends[0]), number(ends[1])]


def counted(amount: int, noun: str) -> str:
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def listed(words: Iterable[str]) -> str:
    """Returns `a`, `a and b` or `a, b and c`."""
    *first, last = list(words)
    return f"{', '.join(first)} and {last}" if first else last


def two_digits(value: float) -> float:
    """Returns the value rounded to two significant digits; 0 and less are not changed."""
    return round(value, 1 - floor(log10(value))) if value > 0 else value
