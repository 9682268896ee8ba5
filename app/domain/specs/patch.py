"""Merge patches of a job spec (RFC 7396), but a change of `kind` replaces the whole object."""

from collections.abc import Mapping

from pydantic import JsonValue, TypeAdapter

from app.domain.specs.job import JobSpec

JsonObject = dict[str, JsonValue]
_objects = TypeAdapter(JsonObject)


def merge_patch(document: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]) -> JsonObject:
    """Apply a patch: null removes (the default returns), objects merge, a new `kind` replaces."""
    merged: JsonObject = dict(document)
    for key, change in patch.items():
        present = merged.get(key)
        if change is None:
            merged.pop(key, None)
        elif isinstance(change, dict):
            is_same_kind = isinstance(present, dict) and (
                "kind" not in change or change["kind"] == present.get("kind")
            )
            base = present if isinstance(present, dict) and is_same_kind else {}
            merged[key] = merge_patch(base, change)
        else:
            merged[key] = change
    return merged


def as_document(spec: JobSpec) -> JsonObject:
    """The spec as plain JSON, complete with defaults."""
    return _objects.validate_python(spec.model_dump(mode="json"))


def patched(spec: JobSpec, patch: Mapping[str, JsonValue]) -> JobSpec:
    """The spec with a patch applied. Raises pydantic.ValidationError where that is not valid."""
    return JobSpec.model_validate(merge_patch(as_document(spec), patch))
