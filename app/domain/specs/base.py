"""The base of all parts of a job spec: frozen, without unknown fields; null means the default."""

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    GetPydanticSchema,
    Strict,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import (
    CoreSchema,
    literal_schema,
    no_info_before_validator_function,
)

#: The largest integer that every part of the system can hold.
MAX_INT = 2**31 - 1


def has_lone_surrogate(text: str) -> bool:
    """Returns whether the text has a lone surrogate, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _clean(text: str) -> str:
    """Raises ValueError for text that PostgreSQL or UTF-8 cannot hold."""
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    if has_lone_surrogate(text):
        raise ValueError("must not contain lone surrogates")
    return text


def _as_integer(value: object) -> object:
    """Converts 5.0 to 5: JSON has one kind of number, and JSON Schema calls both integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: Must follow the bounds in an annotation: the published schema omits bounds that come after it.
WHOLE = BeforeValidator(_as_integer)
#: Strict types: "5" and true are refused as numbers, and 1 as a flag.
Integer = Annotated[int, Strict(), WHOLE]
Real = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
CleanText = Annotated[str, AfterValidator(_clean)]
MAX_SHORT_TEXT = 200
ShortText = Annotated[CleanText, StringConstraints(max_length=MAX_SHORT_TEXT)]
LongText = Annotated[CleanText, StringConstraints(max_length=10_000)]
Tag = Annotated[CleanText, StringConstraints(min_length=1, max_length=64)]
Finite = Annotated[Real, Field(allow_inf_nan=False)]
Positive = Annotated[Real, Field(gt=0, le=1e30, allow_inf_nan=False)]
NonNegative = Annotated[Real, Field(ge=0, le=1e30, allow_inf_nan=False)]
Fraction = Annotated[Real, Field(ge=0, lt=1, allow_inf_nan=False)]
#: A part of a whole, from none to all of it.
Share = Annotated[Real, Field(ge=0, le=1, allow_inf_nan=False)]
PositiveInt = Annotated[int, Strict(), Field(ge=1, le=MAX_INT), WHOLE]
#: Optimizer steps of a run.
NumSteps = Annotated[int, Strict(), Field(ge=1, le=100_000_000), WHOLE]
Seed = Annotated[int, Strict(), Field(ge=0, le=MAX_INT), WHOLE]


def _also_null(schema: dict[str, Any]) -> None:
    """Adds null to the published schema of each field with a default, since it is accepted."""
    for name, part in schema.get("properties", {}).items():
        if name in schema.get("required", ()):
            continue
        options = part.get("anyOf") or part.get("oneOf") or ()
        if part.get("type") == "null" or {"type": "null"} in options:
            continue
        kept = {key: part.pop(key) for key in ("title", "default", "description") if key in part}
        inner = dict(part)
        part.clear()
        part.update({"anyOf": [inner, {"type": "null"}], **kept})


class Spec(BaseModel):
    """One part of a job spec."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra=_also_null, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _null_means_the_default(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        required = {name for name, part in cls.model_fields.items() if part.is_required()}
        return {key: part for key, part in value.items() if part is not None or key in required}


@dataclass(frozen=True, kw_only=True)
class AtMost:
    """A cap on the members of a sequence or mapping, checked before any member is validated.

    Pydantic's `max_length` validates all members of a tuple before it counts them.
    """

    most: int

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        published = handler(schema)
        name = "maxItems" if published["type"] == "array" else "maxProperties"
        return {**published, name: self.most}

    def check(self, value: object) -> object:
        if isinstance(value, Sized) and not isinstance(value, str) and len(value) > self.most:
            raise PydanticCustomError(
                "too_long",
                "Should have at most {most} items, not {given}",
                {"most": self.most, "given": len(value)},
            )
        return value


#: Labels of a run.
Tags = Annotated[tuple[Tag, ...], AtMost(most=20)]


def members_of(union: object) -> tuple[type[Spec], ...]:
    """Returns the members of the union `Annotated[A | B | …, …]`, in its order."""
    annotated, *_ = get_args(union)
    return get_args(annotated)


def kind_of(member: type[Spec]) -> str:
    """Returns the value of `kind` that identifies the member of a union."""
    (kind,) = get_args(member.model_fields["kind"].annotation)
    return str(kind)


def one_of(words: Sequence[str]) -> GetPydanticSchema:
    """Annotates a str that must be one of `words`, like a Literal of words computed at run time."""
    return GetPydanticSchema(lambda _source, _handler: literal_schema(list(words)))


@dataclass(frozen=True)
class NameOfKind:
    """The kind of a union alone, as a text, stands for its object with all defaults."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_before_validator_function(self._as_object, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        published = handler(schema)
        names = list(published["discriminator"]["mapping"])
        return {"anyOf": [{"type": "string", "enum": names}, published]}

    def _as_object(self, value: object) -> object:
        return {"kind": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class DefaultKind:
    """The kind of an object in a union whose `kind` is absent or null.

    The union is published without a discriminator, because a discriminator requires each object
    to have a `kind` (OpenAPI 3.1, "Discriminator Object").
    """

    kind: str

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_before_validator_function(self._fill_in, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        published = handler(schema)
        published.pop("discriminator", None)
        return published

    def _fill_in(self, value: object) -> object:
        if isinstance(value, dict) and value.get("kind") is None:
            return {**value, "kind": self.kind}
        return value
