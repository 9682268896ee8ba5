"""Pydantic's locations of errors as JSON pointers, without the tags of unions."""

from collections.abc import Iterable, Sequence

from pydantic_core import ErrorDetails

from app.domain.errors import MAX_PROBLEMS, Problem

#: Characters of a message. Pydantic repeats an unknown `kind` of any length.
MAX_DETAIL_CHARACTERS = 1000
_TAG_ERRORS = frozenset({"union_tag_invalid", "union_tag_not_found"})
_PREFIX = "Value error, "
_ABSENT = object()


def problems_of(errors: Sequence[ErrorDetails], *, body: object = None) -> list[Problem]:
    """The first of pydantic's errors, at most MAX_PROBLEMS, each with its place.

    A place is a JSON pointer, `query/<name>` or `path/<name>`.
    """
    return [
        Problem(
            pointer=_pointer(error, body),
            detail=_detail(error)[:MAX_DETAIL_CHARACTERS],
            code=str(error["type"]),
        )
        for error in errors[:MAX_PROBLEMS]
    ]


def pointer_to(place: Iterable[object]) -> str:
    """The JSON pointer of a path of names and indexes (RFC 6901)."""
    return "".join(f"/{escaped(part)}" for part in place)


def escaped(part: object) -> str:
    """The part as a reference token of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def _detail(error: ErrorDetails) -> str:
    """The message, in terms of JSON where pydantic's is in terms of Python."""
    match error["type"], error["loc"]:
        case "missing", ("body",):
            return "A JSON body is needed"
        case (("model_attributes_type" | "model_type" | "dict_type"), _):
            return "Must be a JSON object"
        case "extra_forbidden", _:
            return "There is no such field"
        case _:
            return str(error["msg"]).removeprefix(_PREFIX)


def _pointer(error: ErrorDetails, body: object) -> str:
    place, *parts = error["loc"] or ("body",)
    told = error.get("ctx", {}).get("pointer")
    if told is not None:  # counted from the job spec, which may be a part of the body
        return pointer_to(parts) + str(told)
    if error["type"] == "json_invalid":
        return ""
    if place != "body":
        # a query has names and indexes: another text is the tag of a member of a union
        names = [*parts[:1], *(part for part in parts[1:] if isinstance(part, int))]
        return "/".join([str(place), *(escaped(part) for part in names)])
    if error["type"] in _TAG_ERRORS:
        parts = [*parts, "kind"]
    is_missing = error["type"] in {"missing", *_TAG_ERRORS}
    return pointer_to(_without_tags(parts, body, is_missing=is_missing))


def _without_tags(parts: Sequence[int | str], body: object, *, is_missing: bool) -> list[int | str]:
    """The location without the tags that pydantic adds for members of unions."""
    found: list[int | str] = []
    present = body
    is_tag_seen = False
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        is_kind = isinstance(present, dict) and present.get("kind") == part and not is_tag_seen
        if is_kind and not (is_last and is_missing):
            is_tag_seen = True
        elif (child := _child(present, part)) is not _ABSENT:
            present, is_tag_seen = child, False
            found.append(part)
        elif is_last and is_missing:
            found.append(part)
    return found


def _child(present: object, part: int | str) -> object:
    match present:
        case dict():
            return present.get(part, _ABSENT)
        case list() if isinstance(part, int) and part < len(present):
            return present[part]
        case _:
            return _ABSENT
