"""Merge patches of a job spec (RFC 7396), but a change of `kind` replaces the whole object."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue, TypeAdapter, ValidationError

from app.domain.errors import InvalidSpec, Problem
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


def patched_at(spec: JobSpec, patch: Mapping[str, JsonValue], *, place: str) -> JobSpec:
    """The same for a patch that stands at `place` of a request; InvalidSpec names places below."""
    document = merge_patch(as_document(spec), patch)
    try:
        return JobSpec.model_validate(document)
    except ValidationError as error:
        raise InvalidSpec(problems=_problems(error, document, place)) from error


def _problems(error: ValidationError, document: JsonObject, place: str) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_input=False):
        told = found.get("ctx", {}).get("pointer")
        below = told or "".join(f"/{part}" for part in _below(found["loc"], document))
        yield Problem(pointer=f"{place}{below}", detail=found["msg"], code=found["type"])


def _below(location: Sequence[int | str], document: JsonValue) -> Iterator[int | str]:
    """Without the tags that pydantic puts between a union and its member's fields."""
    present = document
    for part in location:
        if isinstance(present, dict) and part in present:
            present = present[str(part)]
            yield part
        elif isinstance(present, list) and isinstance(part, int) and part < len(present):
            present = present[part]
            yield part
