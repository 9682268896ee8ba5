"""Strict JSON: what is wrong with a text before its meaning is looked at."""

import pytest

from app.api.protocol.bodies import is_json, problems_of_json


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
    problem = problems_of_json(body)[0]

    assert (problem.pointer, problem.code) == (pointer, code)


def test_a_plain_document_has_no_problem() -> None:
    assert (
        problems_of_json('{"a": [1, 2.5, "ü😀", null, true, -9223372036854775807]}'.encode()) == []
    )


def test_a_flood_of_problems_is_cut() -> None:
    assert len(problems_of_json(b"[" + b",".join([b"NaN"] * 5000) + b"]")) == 100


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("text/json", False),
        ("text/csv", False),
        ("", False),
    ],
)
def test_json_is_told_by_its_content_type(content_type: str, *, expected: bool) -> None:
    assert is_json(content_type) is expected
