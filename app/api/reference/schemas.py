"""What the document says of schemas, so that people and generated clients can use it.

Every change leaves the set of valid values as it is, with one exception: a `kind` that has a
default may be null, and is published as a constant, which clients can tell union members by.
"""

import json
from typing import Any

_NULL = {"type": "null"}


def tidy(schema: dict[str, Any]) -> None:
    """Change the schema and all schemas inside it."""
    _drop_title(schema)
    _show_default(schema)
    for part in schema.get("properties", {}).values():
        _publish_constant(part)
        tidy(part)
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for part in schema.get(key, ()):
            tidy(part)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            tidy(schema[key])


def _drop_title(schema: dict[str, Any]) -> None:
    """Pydantic's title repeats the name in other letters."""
    if isinstance(schema.get("title"), str):
        del schema["title"]


def _show_default(schema: dict[str, Any]) -> None:
    """Tell a default that is an object in words, since generators of clients drop its schema."""
    default = schema.get("default")
    if not isinstance(default, dict):
        return
    del schema["default"]
    schema["examples"] = [default]
    words = [schema.get("description", ""), f"Default: `{json.dumps(default)}`."]
    schema["description"] = "\n\n".join(filter(None, words))


def _publish_constant(part: dict[str, Any]) -> None:
    forms = part.get("anyOf", ())
    constants = [form for form in forms if "const" in form]
    if len(constants) == 1 and all(form == _NULL or "const" in form for form in forms):
        del part["anyOf"]
        part.update(constants[0])
    if "const" in part:
        part.setdefault("description", f"Always `{part['const']}`.")


def require_discriminators(schemas: dict[str, Any]) -> None:
    """Publish the discriminator of a union as required: without it no member is chosen."""
    for schema in _unions(schemas):
        name = schema["discriminator"]["propertyName"]
        for reference in schema["discriminator"]["mapping"].values():
            member = schemas[reference.rpartition("/")[2]]
            member["properties"][name].pop("default", None)
            required = member.setdefault("required", [])
            if name not in required:
                required.insert(0, name)


def _unions(part: object) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [union for one in part for union in _unions(one)]
    if not isinstance(part, dict):
        return []
    inner = [union for one in part.values() for union in _unions(one)]
    is_union = isinstance(part.get("discriminator"), dict) and "mapping" in part["discriminator"]
    return [part, *inner] if is_union else inner
