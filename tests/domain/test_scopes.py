"""Scopes and the strings that stand for them in rows, queries and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.domain.scopes import SPLITS, Scope

_INDEXES = st.integers(min_value=0, max_value=10**6)
_DIRECTIONS = st.sampled_from(("forward", "reverse"))
_NAMES = st.text(min_size=1)
_SCOPES = st.one_of(
    st.just(Scope.model()),
    st.builds(Scope.split, st.sampled_from(SPLITS)),
    st.builds(Scope.layer, _INDEXES, _DIRECTIONS),
    st.builds(Scope.gate, _INDEXES, _NAMES.filter(lambda name: "/" not in name), _DIRECTIONS),
    st.builds(Scope.tensor, _NAMES),
)


@given(_SCOPES)
def test_a_scope_is_read_back_from_its_string(scope: Scope) -> None:
    assert Scope.parse(str(scope)) == scope


@given(_SCOPES, _SCOPES)
def test_two_scopes_are_equal_when_their_strings_are(one: Scope, other: Scope) -> None:
    assert (one == other) == (str(one) == str(other))


@given(
    st.text() | st.from_regex(r"(model|test|layer|gate|tensor):?[0-9]{0,2}/?\w*", fullmatch=True)
)
def test_what_is_read_is_written_back_as_it_was(text: str) -> None:
    try:
        scope = Scope.parse(text)
    except ValueError:
        return
    assert str(scope) == text


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope.model(), "model"),
        (Scope.split("validation"), "validation"),
        (Scope.layer(0), "layer:0"),
        (Scope.layer(12, "reverse"), "layer:12/reverse"),
        (Scope.gate(0, "forget"), "gate:0/forget"),
        (Scope.gate(1, "update", "reverse"), "gate:1/reverse/update"),
        (Scope.tensor("rnn.weight_hh_l0"), "tensor:rnn.weight_hh_l0"),
    ],
)
def test_the_strings_are_those_of_the_api(scope: Scope, text: str) -> None:
    assert str(scope) == text
    assert Scope.parse(text) == scope


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Model",
        "layer:",
        "layer:01",
        "layer:0/forward",
        "gate:0",
        "gate:0/",
        "tensor:",
        "layer:²",
    ],
)
def test_other_strings_are_refused_and_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is not a scope") as refused:
        Scope.parse(text)

    assert repr(text) in str(refused.value)


def test_in_a_document_a_scope_is_its_string() -> None:
    adapter = TypeAdapter(Scope)
    scope = Scope.gate(0, "forget")

    assert adapter.dump_json(scope) == b'"gate:0/forget"'
    assert adapter.validate_json(b'"gate:0/forget"') == scope
    assert adapter.validate_python("gate:0/forget") == scope
    assert adapter.validate_python(scope) is scope
    assert adapter.json_schema() == {"type": "string"}


@pytest.mark.parametrize("value", ["gate:", 0, None])
def test_in_a_document_nothing_else_is_a_scope(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Scope).validate_python(value)
