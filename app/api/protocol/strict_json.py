"""Parses JSON and refuses what JSON, PostgreSQL or other readers of JSON cannot hold.

Python's own parser takes NaN, 1e400, lone surrogates and integers of any length. Each of them is a
problem with its place here.
"""

import json
import math
from collections.abc import Iterator
from itertools import islice

from pydantic import JsonValue

from app.api.protocol.pointers import MAX_PROBLEMS, escaped
from app.domain.errors import InvalidInput, Problem

MAX_DEPTH = 40
#: What PostgreSQL's bigint can hold.
MAX_INTEGER = 2**63 - 1


def parse_json(text: bytes) -> JsonValue:
    """Raises InvalidInput with at most MAX_PROBLEMS problems."""
    document = _parse(text)
    problems = list(islice(_walk(document), MAX_PROBLEMS))
    if problems:
        raise _invalid(problems)
    return document


def _parse(text: bytes) -> JsonValue:
    try:
        document: JsonValue = json.loads(text.decode())
    except UnicodeDecodeError as error:
        problem = _whole("json_not_utf8", f"The body is not UTF-8: byte {error.start}.")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        problem = _whole("json_invalid", f"The body is not JSON: {error.msg}, {place}.")
    except RecursionError:
        problem = _whole("json_too_deep", f"The body nests deeper than {MAX_DEPTH} levels.")
    except ValueError:  # Python reads no integer of more than 4300 digits
        detail = f"The body has an integer outside ±{MAX_INTEGER}."
        problem = _whole("integer_out_of_range", detail)
    else:
        return document
    raise _invalid([problem])


def _invalid(problems: list[Problem]) -> InvalidInput:
    return InvalidInput(f"The body is not valid. {problems[0]}", problems=problems)


def _whole(code: str, detail: str) -> Problem:
    return Problem(pointer="", detail=detail, code=code)


def _walk(document: JsonValue) -> Iterator[Problem]:
    waiting: list[tuple[str, int, JsonValue]] = [("", 0, document)]
    while waiting:
        pointer, depth, value = waiting.pop()
        if depth > MAX_DEPTH:
            detail = f"Nests deeper than {MAX_DEPTH} levels."
            yield Problem(pointer=pointer, detail=detail, code="json_too_deep")
        elif isinstance(value, dict):
            for key, child in value.items():
                place = f"{pointer}/{escaped(key)}"
                yield from _wrong_text(pointer, key)
                waiting.append((place, depth + 1, child))
        elif isinstance(value, list):
            waiting.extend(
                (f"{pointer}/{index}", depth + 1, child) for index, child in enumerate(value)
            )
        else:
            yield from _wrong_scalar(pointer, value)


def _wrong_scalar(pointer: str, value: JsonValue) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _wrong_text(pointer, value)
    elif isinstance(value, float) and not math.isfinite(value):
        detail = "Must be a finite number."
        yield Problem(pointer=pointer, detail=detail, code="finite_number")
    elif isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        detail = "Must be an integer of at most 64 bits."
        yield Problem(pointer=pointer, detail=detail, code="integer_out_of_range")


def _wrong_text(pointer: str, text: str) -> Iterator[Problem]:
    if "\x00" in text:
        detail = "Must not contain the NUL character."
        yield Problem(pointer=pointer, detail=detail, code="nul_character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        detail = "Must not contain lone surrogates."
        yield Problem(pointer=pointer, detail=detail, code="lone_surrogate")
