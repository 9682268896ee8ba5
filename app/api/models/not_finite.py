"""Numbers that JSON has no word for: null where they stood, and a sibling list that names them."""

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import JsonValue

from app.api.models.view import View

NonFiniteWord = Literal["nan", "inf", "-inf"]


class NonFinitePlace(View):
    """A number that is null where the pointer points."""

    pointer: str
    value: NonFiniteWord


def word_of(value: float) -> NonFiniteWord:
    """The name of a value that is not finite."""
    if math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def places(value: JsonValue, pointer: str = "") -> Iterator[NonFinitePlace]:
    """The numbers that are not finite, by JSON pointer: a View writes null there."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, f"{pointer}/{index}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield NonFinitePlace(pointer=pointer, value=word_of(value))
