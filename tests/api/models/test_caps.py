"""Every sequence and mapping in a request has a cap that is checked before its members."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from app.api.models.comparison import ComparisonBody
from app.api.models.continuation import ForkBody
from app.domain.specs.base import AtMost
from app.domain.specs.job import JobSpec
from tests.api.conftest import Clinic, spec

_COLLECTIONS = {"list", "tuple", "set", "frozenset", "dict", "generator"}


def uncapped(schema: Any, place: str = "", *, is_capped: bool = False) -> Iterator[str]:
    """Places in a core schema of pydantic with a collection that no AtMost surrounds.

    What a JsonValue holds is left out: the number of values in the body bounds it.
    """
    if isinstance(schema, list | tuple):
        for index, part in enumerate(schema):
            yield from uncapped(part, f"{place}/{index}")
    if not isinstance(schema, dict):
        return
    if schema.get("ref", "").startswith("pydantic.types.JsonValue"):
        return
    kind = schema.get("type")
    function = schema.get("function", {}) if kind == "function-before" else {}
    owner = getattr(function.get("function"), "__self__", None)
    if kind in _COLLECTIONS and not is_capped:
        yield place
    passes_on = is_capped and kind in {"function-after", "default", "nullable"}
    for name, part in schema.items():
        if name in {"metadata", "serialization", "default", "expected"}:
            continue
        inside = isinstance(owner, AtMost) or passes_on
        yield from uncapped(part, f"{place}/{name}", is_capped=name == "schema" and inside)


def bodies_of(clinic: Clinic) -> dict[str, Any]:
    """The type of each operation's JSON body."""
    found: dict[str, Any] = {}
    for route in iter_route_contexts(clinic.app.routes):
        original = getattr(route, "original_route", route)
        field = getattr(original, "body_field", None)
        if isinstance(original, APIRoute) and field is not None:
            found[f"{sorted(original.methods or ())} {original.path}"] = field.field_info.annotation
    return found


def test_every_collection_in_a_body_has_a_cap(clinic: Clinic) -> None:
    bodies = bodies_of(clinic)

    assert len(bodies) >= 8
    for operation, body in bodies.items():
        assert list(uncapped(TypeAdapter(body).core_schema)) == [], operation


def test_a_collection_without_a_cap_is_seen() -> None:
    class Bare(BaseModel):
        words: tuple[str, ...] = ()
        more: dict[str, JsonValue] | None = None

    assert len(list(uncapped(TypeAdapter(Bare).core_schema))) == 2


@pytest.mark.parametrize(
    ("model", "body", "place"),
    [
        (JobSpec, spec(tags=[{}] * 21), ("tags",)),
        (JobSpec, spec(probes={"quantities": [{}] * 41}), ("probes", "quantities")),
        (ForkBody, {"patch": {str(index): {} for index in range(15)}}, ("patch",)),
        (ComparisonBody, {"spec": spec(), "patches": [0] * 9}, ("patches",)),
    ],
)
def test_members_of_too_long_a_collection_are_not_validated(
    model: type[BaseModel], body: dict[str, object], place: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)

    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [
        (place, "too_long")
    ]
