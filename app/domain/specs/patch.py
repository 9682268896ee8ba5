"""Merge patches of a job spec (RFC 7396), except that a new `kind` replaces the whole object."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue, TypeAdapter, ValidationError

from app.domain.errors import InvalidSpec, Problem
from app.domain.specs.job import JobSpec

JsonObject = dict[str, JsonValue]
_objects = TypeAdapter(JsonObject)


def merge_patch(document: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]) -> JsonObject:
    """Returns the patched document. Null restores a default; a new `kind` replaces the object."""
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
    """Returns the spec as plain JSON, including defaults."""
    return _objects.validate_python(spec.model_dump(mode="json"))


def patched(spec: JobSpec, patch: Mapping[str, JsonValue]) -> JobSpec:
    """Returns the patched spec. Raises pydantic.ValidationError if it is not valid."""
    return JobSpec.model_validate(merge_patch(as_document(spec), patch))


def patched_at(spec: JobSpec, patch: Mapping[str, JsonValue], *, place: str) -> JobSpec:
    """Returns the spec with a patch from a request.

    Raises InvalidSpec if it is not valid; `place` is the pointer to the patch in the request and
    begins the pointer of each problem.
    """
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
    """Yields the location without the tags that pydantic inserts for the members of unions."""
    present = document
    for part in location:
        if isinstance(present, dict) and part in present:
            present = present[str(part)]
            yield part
        elif isinstance(present, list) and isinstance(part, int) and part < len(present):
            present = present[part]
            yield part
