"""Numbers of evidence, as JSON can hold them."""

from math import isfinite

from pydantic import JsonValue


def number(value: float | None) -> float | None:
    """Returns the value, or None if it is not finite, which JSON cannot hold."""
    return float(value) if value is not None and isfinite(value) else None


def interval(ends: tuple[float, float] | None) -> JsonValue:
    return None if ends is None else [number(ends[0]), number(ends[1])]
