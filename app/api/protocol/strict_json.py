"""Parses JSON and refuses what JSON, PostgreSQL or other readers of JSON cannot hold.

Values, levels and digits are counted before anything is parsed. So the size of the body limits time
and memory. Python's own parser accepts NaN, 1e400, lone surrogates and integers beyond
64 bits. Here each of them is a problem with its place.
"""

import json
import math
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from pydantic import JsonValue

from app.api.protocol.pointers import pointer_to
from app.domain.errors import MAX_PROBLEMS, InvalidInput, Problem
from app.domain.specs.base import has_lone_surrogate

MAX_DEPTH = 40
#: More than twice what the largest valid body has: a comparison of a spec that names 256 columns,
#: 40 quantities and 20 tags, with eight patches of that size.
MAX_VALUES = 10_000
#: Names in one object. A job spec has 13.
MAX_NAMES = 100
#: Characters of one name.
MAX_NAME_CHARACTERS = 200
#: What PostgreSQL's bigint can hold.
MAX_INTEGER = 2**63 - 1
#: Digits in a row. No 64-bit number needs more than 20, and the exact decimals of a usual float are
#: fewer than 60. Python needs quadratic time for an integer of many digits.
MAX_DIGITS = 100
_TOO_MANY_DIGITS = b"0" * (MAX_DIGITS + 1)
#: Turns every digit into a 0 and every other byte into a space.
_DIGITS_AS_ZEROS = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def parse_json(text: bytes) -> JsonValue:
    """Raises InvalidInput with at most MAX_PROBLEMS problems."""
    problem = _problem_of_structure(_without_strings(text))
    if problem is not None:
        raise _invalid([problem])
    document = _parse(text)
    problems = list(islice(_walk(document, []), MAX_PROBLEMS))
    if problems:
        raise _invalid(problems)
    return document


def _without_strings(text: bytes) -> bytes:
    """What stands outside strings, exact up to the first byte that is not JSON.

    The parser reads no further than that byte. Raises InvalidInput for more strings than
    MAX_VALUES values can have: each is at most one string and has at most one name.
    """
    unescaped = text.replace(rb"\\", b"").replace(rb"\"", b"")
    if unescaped.count(b'"') > 4 * MAX_VALUES:
        raise _invalid([_too_many_values()])
    return b"".join(unescaped.split(b'"')[::2])


def _problem_of_structure(structure: bytes) -> Problem | None:
    openings = structure.count(b"[") + structure.count(b"{")
    if structure.count(b",") + openings + 1 > MAX_VALUES:
        return _too_many_values()
    depth = deepest = 0
    for byte in structure.translate(None, _ALL_BUT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        return _whole("json_too_deep", f"The body nests deeper than {MAX_DEPTH} levels.")
    if _TOO_MANY_DIGITS in structure.translate(_DIGITS_AS_ZEROS):
        detail = f"The body has a number of more than {MAX_DIGITS} digits."
        return _whole("json_number_too_long", detail)
    return None


def _too_many_values() -> Problem:
    return _whole("json_too_many_values", f"The body has more than {MAX_VALUES} values.")


def _parse(text: bytes) -> JsonValue:
    try:
        document: JsonValue = json.loads(text.decode())
    except UnicodeDecodeError as error:
        problem = _whole("json_not_utf8", f"The body is not UTF-8: byte {error.start}.")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        problem = _whole("json_invalid", f"The body is not JSON: {error.msg}, {place}.")
    else:
        return document
    raise _invalid([problem])


def _invalid(problems: list[Problem]) -> InvalidInput:
    return InvalidInput(f"The body is not valid. {problems[0]}", problems=problems)


def _whole(code: str, detail: str) -> Problem:
    return Problem(pointer="", detail=detail, code=code)


def _walk(value: JsonValue, place: list[str | int]) -> Iterator[Problem]:
    """Problems in the order of the document. `place` is the path to `value`, changed in place.

    A pointer is built for a problem only: pointers of all values could need a thousand times the
    memory of the body.
    """
    if isinstance(value, dict):
        yield from _wrong_names(value, place)
        for key, child in value.items():
            place.append(key)
            yield from _walk(child, place)
            place.pop()
    elif isinstance(value, list):
        for index, child in enumerate(value):
            place.append(index)
            yield from _walk(child, place)
            place.pop()
    else:
        for code, detail in _wrong_scalar(value):
            yield Problem(pointer=pointer_to(place), detail=detail, code=code)


def _wrong_names(names: Collection[str], place: Sequence[str | int]) -> Iterator[Problem]:
    """Problems of the names of one object, which point at the object."""
    pointer = pointer_to(place)
    if len(names) > MAX_NAMES:
        detail = f"Must have at most {MAX_NAMES} names."
        yield Problem(pointer=pointer, detail=detail, code="json_too_many_names")
    for name in names:
        if len(name) > MAX_NAME_CHARACTERS:
            detail = f"Has a name of more than {MAX_NAME_CHARACTERS} characters."
            yield Problem(pointer=pointer, detail=detail, code="json_name_too_long")
        for code, detail in _wrong_text(name):
            yield Problem(pointer=pointer, detail=detail, code=code)


def _wrong_scalar(value: JsonValue) -> Iterator[tuple[str, str]]:
    """Code and detail of each problem."""
    if isinstance(value, str):
        yield from _wrong_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        yield "finite_number", "Must be a finite number."
    elif isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        yield "integer_out_of_range", "Must be an integer of at most 64 bits."


def _wrong_text(text: str) -> Iterator[tuple[str, str]]:
    if "\x00" in text:
        yield "nul_character", "Must not contain the NUL character."
    if has_lone_surrogate(text):
        yield "lone_surrogate", "Must not contain lone surrogates."
