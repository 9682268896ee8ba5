"""Strict JSON: what is wrong with a text is told before its meaning is looked at."""

import pytest

from app.api.protocol.strict_json import parse_json
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
        (b'{"a": ' + b"9" * 5000 + b"}", "", "integer_out_of_range"),
        (b"[" * 42 + b"]" * 42, "/0" * 41, "json_too_deep"),
        (b"[" * 100_000, "", "json_too_deep"),
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

    assert len(caught.value.problems) == 100
