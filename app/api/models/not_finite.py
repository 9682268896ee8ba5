"""Names numbers that JSON cannot express. They are null, and a list beside them names them."""

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import JsonValue

from app.api.models.view import View

NonFiniteWord = Literal["nan", "inf", "-inf"]


class NonFinitePlace(View):
    """A number that is null because it is not finite, and its place."""

    pointer: str
    """JSON pointer to the place of the number."""
    value: NonFiniteWord
    """What the number is."""


def word_of(value: float) -> NonFiniteWord:
    """The name of a number that is not finite."""
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
