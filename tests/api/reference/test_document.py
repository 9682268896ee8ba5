"""The OpenAPI document: names that people read, and nothing that generators of clients drop."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest

#: First words of operations. What a client library is called like begins with one of them.
VERBS = {
    "cancel",
    "check",
    "compare",
    "create",
    "delete",
    "download",
    "drain",
    "draw",
    "fork",
    "get",
    "list",
    "resume",
    "revoke",
    "suspend",
    "undrain",
    "update",
}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> Json:
    found: Json = client.get("/openapi.json").json()
    return found


def operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from path.values()


def parts(part: object) -> Iterator[Json]:
    """The object and all objects inside it, but for examples."""
    inner: Iterable[object] = part if isinstance(part, list) else ()
    if isinstance(part, dict):
        yield part
        inner = [value for name, value in part.items() if name != "examples"]
    for one in inner:
        yield from parts(one)


def test_an_operation_is_called_by_a_verb_and_what_it_acts_on(document: Json) -> None:
    names = [operation["operationId"] for operation in operations(document)]

    assert len(names) == len(set(names))
    assert {"create_run", "get_run", "list_runs", "get_diagnosis"} <= set(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []
    assert {name.partition("_")[0] for name in names} <= VERBS


def test_a_schema_is_called_what_it_is(document: Json) -> None:
    names = document["components"]["schemas"]

    assert {"Run", "JobSpec", "Diagnosis", "Finding", "Problem", "OptimizerSpec"} <= set(names)
    assert [name for name in names if not re.fullmatch(r"([A-Z][a-z]*)+", name)] == []
    assert [name for name in names if name.endswith(("View", "Body_", "Input", "Output"))] == []


def test_every_reference_leads_to_a_schema(document: Json) -> None:
    schemas = document["components"]["schemas"]
    mapped = {place for part in parts(document) for place in part.get("mapping", {}).values()}
    named = {part["$ref"] for part in parts(document) if isinstance(part.get("$ref"), str)}

    assert named
    assert {one for one in named | mapped if one.rpartition("/")[2] not in schemas} == set()


def test_no_property_has_a_default_or_an_alternative_that_generators_drop(document: Json) -> None:
    properties = [
        (owner, name, part)
        for owner, schema in document["components"]["schemas"].items()
        for name, part in schema.get("properties", {}).items()
    ]

    assert [at for *at, part in properties if isinstance(part.get("default"), dict)] == []
    assert [at for *at, part in properties if "oneOf" in part or "enum" in part] == []


def inline(schema: Json, place: str, *, is_inside: bool = False) -> Iterator[str]:
    """Where a generator of clients must invent a name, in a schema that has none of its own."""
    forms = [form for key in ("anyOf", "oneOf") for form in schema.get(key, ())]
    if is_inside and (schema.get("type") == "object" or "enum" in schema):
        yield place
    if len([form for form in forms if form != {"type": "null"}]) > 1:
        yield place
    inner = [schema[key] for key in ("items", "additionalProperties") if key in schema]
    for part in (*forms, *schema.get("prefixItems", ()), *inner):
        if isinstance(part, dict):
            yield from inline(part, place, is_inside=True)
    for name, part in schema.get("properties", {}).items():
        yield from inline(part, f"{place}.{name}")


def test_no_schema_is_inline_where_a_generator_must_invent_a_name(document: Json) -> None:
    found: list[str] = []
    for name, schema in document["components"]["schemas"].items():
        forms = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        parts = forms or [{**schema, "enum": [], "type": ""}]
        found += [place for part in parts for place in inline(part, name, is_inside=bool(forms))]
    for operation in operations(document):
        where = operation["operationId"]
        for parameter in operation.get("parameters", ()):
            found += inline(parameter["schema"], f"{where}?{parameter['name']}")
        for place in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in place.get("content", {}).values():
                if "schema" in content:
                    found += inline(content["schema"], where, is_inside=True)

    assert [place for place in found if place] == []


def test_what_was_inline_has_a_name_that_tells_what_it_is(document: Json) -> None:
    schemas = document["components"]["schemas"]
    lag = schemas["AddingSpec"]["properties"]["dependency_lag"]
    preview = schemas["CsvProfile"]["properties"]["preview"]

    assert lag["anyOf"][0] == {"$ref": "#/components/schemas/DependencyLag"}
    assert preview["items"] == {"$ref": "#/components/schemas/TableRow"}
    assert {"Inner", "Item", "Parameter"} & {
        word for name in schemas for word in re.findall("[A-Z][a-z]*", name)[-1:]
    } == set()


def test_a_member_of_a_union_with_a_discriminator_requires_it(document: Json) -> None:
    schemas = document["components"]["schemas"]
    unions = [schema["discriminator"] for schema in schemas.values() if "discriminator" in schema]

    assert {union["propertyName"] for union in unions} == {"kind"}
    for union in unions:
        for kind, place in union["mapping"].items():
            member = schemas[place.rpartition("/")[2]]
            assert "kind" in member["required"]
            assert member["properties"]["kind"]["const"] == kind


def test_a_kind_is_a_constant_that_clients_tell_members_by(document: Json) -> None:
    member = document["components"]["schemas"]["AdamSpec"]

    assert member["properties"]["kind"]["const"] == "adam"
    assert member["properties"]["kind"]["default"] == "adam"


def test_the_default_of_an_object_is_told_in_words(document: Json) -> None:
    clipping = document["components"]["schemas"]["JobSpec"]["properties"]["clipping"]

    assert 'Default: `{"kind": "norm", "max_norm": 1.0}`.' in clipping["description"]
    assert clipping["examples"] == [{"kind": "norm", "max_norm": 1.0}]


def test_an_operation_names_the_scopes_that_it_needs(document: Json) -> None:
    for operation in operations(document):
        first, *_ = operation["description"].split("\n\n")
        if "security" not in operation:
            assert first == "Open: needs no key."
            continue
        (way,) = operation["security"]
        scopes = re.findall(r"`([a-z:]+)`", first)
        assert scopes == way["ApiKey"]
        assert scopes or first == "Needs a key, of any scope."


def test_every_property_is_described(document: Json) -> None:
    properties = [
        (f"{owner}.{name}", part.get("description", ""))
        for owner, schema in document["components"]["schemas"].items()
        for name, part in schema.get("properties", {}).items()
    ]

    assert len(properties) > 800
    assert [name for name, words in properties if not words.endswith((".", "`", "…"))] == []


def test_every_parameter_and_every_object_is_described(document: Json) -> None:
    parameters = [
        (operation["operationId"], one["name"], one.get("description"))
        for operation in operations(document)
        for one in operation.get("parameters", ())
    ]
    objects = {
        name: schema.get("description")
        for name, schema in document["components"]["schemas"].items()
        if schema.get("type") == "object"
    }

    assert len(parameters) > 100
    assert [at for *at, words in parameters if not words] == []
    assert [name for name, words in objects.items() if not words] == []


def test_every_operation_is_in_one_group_that_is_described(document: Json) -> None:
    groups = {tag["name"]: tag["description"] for tag in document["tags"]}
    used = [operation["tags"] for operation in operations(document)]

    assert list(groups)[:2] == ["runs", "diagnosis"]
    assert {tuple(tags) for tags in used} == {(name,) for name in groups}
