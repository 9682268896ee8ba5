"""Numbers that JSON has no word for: null where they stood, and a sibling list that names them."""

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import JsonValue

from app.api.models.run import View

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


def nulled(value: JsonValue) -> JsonValue:
    """The same with null for every number that is not finite."""
    if isinstance(value, dict):
        return {key: nulled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [nulled(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def places(value: JsonValue, pointer: str = "") -> Iterator[NonFinitePlace]:
    """Where `nulled` puts a null, as JSON pointers."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, f"{pointer}/{index}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield NonFinitePlace(pointer=pointer, value=word_of(value))
