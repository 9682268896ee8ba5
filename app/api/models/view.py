"""The base class of all answers, and the numbers in them that were computed."""

import math
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue

#: Significant digits of a computed number: more than a float32 has, and half of the bytes.
DIGITS = 9


def shortened(value: float) -> float:
    """Returns the double nearest to the value's first `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else value


def shortened_document(value: JsonValue) -> JsonValue:
    """Returns the document with all of its floats shortened."""
    match value:
        case float():
            return shortened(value)
        case dict():
            return {key: shortened_document(part) for key, part in value.items()}
        case list():
            return [shortened_document(part) for part in value]
        case _:
            return value


def _shortened_members(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: shortened_document(part) for key, part in value.items()}


#: A number that was computed. Readings, data and job specs keep all of their digits.
Derived = Annotated[float, AfterValidator(shortened)]
#: Computed numbers by name.
Evidence = Annotated[dict[str, JsonValue], AfterValidator(_shortened_members)]


class View(BaseModel):
    """Part of an answer. Numbers that are not finite become null in JSON."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null", use_attribute_docstrings=True)

    @classmethod
    def of(cls, source: object, **given: object) -> Self:
        """A view with `source`'s attributes of the same names, except for those `given`.

        Values are converted to the types of the fields, parts to the views of the parts.
        """
        fields = {
            name: given[name] if name in given else getattr(source, name)
            for name in cls.model_fields
        }
        return cls.model_validate(fields, from_attributes=True)
