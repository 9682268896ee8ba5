"""Strict JSON: what is wrong with a text is told before its meaning is looked at."""

import json
import tracemalloc

import pytest

from app.api.protocol.strict_json import MAX_VALUES, parse_json
from app.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b'{"a": NaN}', "/a", "finite_number"),
        (b'{"a": [1, -Infinity]}', "/a/1", "finite_number"),
        (b'{"a": {"b": 1e400}}', "/a/b", "finite_number"),
        (b'{"a": "\\ud800"}', "/a", "lone_surrogate"),
        (b'{"a": "x\\u0000y"}', "/a", "nul_character"),
        (b'{"a\\u0000": 1}', "", "nul_character"),
        (b'{"a/b": 18446744073709551616}', "/a~1b", "integer_out_of_range"),
        (b'{"a": ' + b"9" * 100 + b"}", "/a", "integer_out_of_range"),
        (b'{"a": ' + b"9" * 101 + b"}", "", "json_number_too_long"),
        (b'{"a": 0.' + b"3" * 101 + b"}", "", "json_number_too_long"),
        (b'{"a": 1e' + b"0" * 101 + b"}", "", "json_number_too_long"),
        (b"[" * 42 + b"]" * 42, "", "json_too_deep"),
        (b"[" * 9_000, "", "json_too_deep"),
        (b'{"a": 1', "", "json_invalid"),
        (b'{"a": "\xff"}', "", "json_not_utf8"),
    ],
)
def test_what_postgresql_or_json_cannot_hold_is_named(body: bytes, pointer: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(body)

    problem = caught.value.problems[0]
    assert (problem.pointer, problem.code) == (pointer, code)


def test_a_plain_document_is_parsed() -> None:
    text = '{"a": [1, 2.5, "ü😀", null, true, -9223372036854775807]}'

    document = parse_json(text.encode())

    assert document == {"a": [1, 2.5, "ü😀", None, True, -9223372036854775807]}


def test_the_number_of_problems_is_limited() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(b"[" + b",".join([b"NaN"] * 5000) + b"]")

    assert len(caught.value.problems) == 20


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" + b"0," * 10_000 + b"0]", "json_too_many_values"),
        (b"[" + b"{}," * 5_000 + b"0]", "json_too_many_values"),
        (b"[" + b'"",' * 20_000 + b'""]', "json_too_many_values"),
        (b'"' * 2**20, "json_too_many_values"),
        (b'{"' + b"k" * 201 + b'": 1}', "json_name_too_long"),
        (json.dumps(dict.fromkeys(map(str, range(101)), 0)).encode(), "json_too_many_names"),
    ],
)
def test_a_body_of_too_many_or_too_long_parts_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(body)

    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [("", code)]


@pytest.mark.parametrize(
    "text", ["," * 20_000, "9" * 20_000, "[" * 20_000, '"' * 20_000, "\\" * 20_000, '"[' * 9_000]
)
def test_what_stands_in_a_string_is_not_counted(text: str) -> None:
    assert parse_json(json.dumps([text, [text]]).encode()) == [text, [text]]


def test_the_largest_valid_body_has_fewer_than_half_of_the_values_allowed() -> None:
    spec = {
        "model": {"kind": "lstm"},
        "dataset": {"kind": "sequences", "features": [str(index) for index in range(256)]},
        "tags": ["tag"] * 20,
        "probes": {"quantities": [{"name": "loss", "every": 1}] * 40},
        # more than all other fields of a spec
        **{f"part_{part}": dict.fromkeys(map(str, range(10)), 0) for part in range(8)},
    }
    body = {"spec": spec, "patches": [spec] * 8}

    text = json.dumps(body)

    # no string here has a comma or a bracket
    assert text.count(",") + text.count("[") + text.count("{") < MAX_VALUES / 2
    assert parse_json(text.encode()) == body


def test_a_long_name_over_many_values_costs_no_memory() -> None:
    body = b'{"' + b"k" * 400_000 + b'": [' + b"0," * 9_000 + b"0]}"

    tracemalloc.start()
    with pytest.raises(InvalidInput):
        parse_json(body)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 4 * 2**20
