"""The thresholds of every detector by name, and the values that a query gives them."""

from collections.abc import Iterator, Mapping
from math import isfinite
from types import MappingProxyType

from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.thresholds import Threshold, Thresholds, thresholds_in
from app.domain.errors import InvalidInput, Problem

#: `code.name` -> threshold, for example `vanishing_gradient.max_ratio`.
THRESHOLDS: Mapping[str, Threshold] = MappingProxyType(
    {
        f"{card.code}.{name}": threshold
        for card in DETECTORS
        for name, threshold in thresholds_in(card.thresholds).items()
    }
)


def parse_overrides(given: Mapping[str, str]) -> Thresholds:
    """Returns thresholds with the given values: `{"vanishing_gradient.max_ratio": "0.05"}`.

    Raises InvalidInput that names every override that is not valid.
    """
    problems = [
        Problem(pointer=f"query/{name}", detail=detail, code=code)
        for name, text in given.items()
        for code, detail in _objections(name, text)
    ]
    if problems:
        raise InvalidInput(problems=problems)
    numbers = {
        name: number
        for name, text in given.items()
        if (number := _number(THRESHOLDS[name], text)) is not None
    }
    limits = [card.thresholds_with(numbers) for card in DETECTORS]
    return Thresholds(replaced=tuple(one for one in limits if one != type(one)()))


def _objections(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Yields code and sentence of what is wrong with an override."""
    if name not in THRESHOLDS:
        yield "unknown_threshold", f"no such threshold; there are {', '.join(THRESHOLDS)}"
        return
    threshold = THRESHOLDS[name]
    value = _number(threshold, text)
    if value is None:
        kind = "a whole number" if threshold.is_count else "a finite number"
        yield "not_a_number", f"must be {kind}, not {text[:40]!r}"
    elif not threshold.low <= value <= threshold.high:
        bounds = f"from {threshold.low:g} to {threshold.high:g}"
        yield "out_of_range", f"must be {bounds}, not {text[:40]}"


def _number(threshold: Threshold, text: str) -> float | None:
    """Returns the text as an integer for a count, otherwise as a float; None if it is neither."""
    try:
        if threshold.is_count:
            return int(text)
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
