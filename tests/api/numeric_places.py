"""Where in a body a number may stand, by its JSON Schema: each place in a document around it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
#: The whole document with this value at the place.
Around = Callable[[object], object]

_REF = "#/components/schemas/"
_NUMBERS = frozenset({"integer", "number"})
_UUID = "00000000-0000-4000-8000-000000000000"
_FORMATS = {"uuid": _UUID, "date-time": "2100-01-01T00:00:00Z"}


@dataclass(frozen=True, kw_only=True)
class NumericPlace:
    """A field, in the smallest document that has it."""

    pointer: str
    around: Around


def numeric_places(schema: Schema) -> Iterator[NumericPlace]:
    """`schema` carries the `components` of its document; a place comes once a union around it."""
    return _Walk(schema["components"]["schemas"]).places(schema, "", lambda value: value)


class _Walk:
    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas

    def places(self, schema: Schema, pointer: str, around: Around) -> Iterator[NumericPlace]:
        schema = self._resolved(schema)
        if schema.get("type") in _NUMBERS:
            yield NumericPlace(pointer=pointer, around=around)
        for member in self._members(schema):
            yield from self.places(member, pointer, around)
        if "items" in schema:
            yield from self.places(schema["items"], f"{pointer}/0", lambda one: around([one]))
        least = self._least(schema) if "properties" in schema else {}
        for name, part in schema.get("properties", {}).items():
            yield from self.places(part, f"{pointer}/{name}", _within(around, least, name))

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].removeprefix(_REF)]
        return schema

    def _members(self, schema: Schema) -> Sequence[Schema]:
        found: Sequence[Schema] = schema.get("anyOf") or schema.get("oneOf") or ()
        return found

    def _least(self, schema: Schema) -> Any:
        """The smallest instance that fits the schema."""
        schema = self._resolved(schema)
        if members := self._members(schema):
            return self._least(members[0])
        if "const" in schema:
            return schema["const"]
        match schema.get("type"):
            case "object":
                return self._least_object(schema)
            case "array":
                return [self._least(schema["items"])] * schema.get("minItems", 0)
            case "string":
                return self._least_text(schema)
            case _:
                return schema.get("minimum", 1)

    def _least_text(self, schema: Schema) -> str:
        known = [*schema.get("enum", ()), _FORMATS.get(schema.get("format", ""), "")]
        return str(known[0]) or "a" * schema.get("minLength", 0)

    def _least_object(self, schema: Schema) -> dict[str, Any]:
        parts = schema.get("properties", {})
        needed = {*schema.get("required", ()), *({"kind"} & parts.keys())}
        return {name: self._least(part) for name, part in parts.items() if name in needed}


def _within(around: Around, siblings: Mapping[str, object], name: str) -> Around:
    return lambda value: around({**siblings, name: value})
