"""Errors point into the body as the client wrote it, whatever unions lie between."""

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.api.protocol.pointers import problems_of
from app.domain.specs.job import JobSpec


def pointer_and_code(body: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        JobSpec.model_validate(body)
    errors = caught.value.errors()
    for error in errors:
        error["loc"] = ("body", *error["loc"])
    return [(problem.pointer, problem.code) for problem in problems_of(errors, body=body)]


def spec(**parts: object) -> dict[str, Any]:
    return {"model": {"kind": "elman"}, "dataset": {"kind": "adding"}, **parts}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (spec(model={"kind": "gru", "hidden_size": 0}), "/model/hidden_size", "greater_than_equal"),
        (spec(model={"kind": "gro"}), "/model/kind", "union_tag_invalid"),
        (spec(model={}), "/model/kind", "union_tag_not_found"),
        (spec(model={"kind": "gru", "x": 1}), "/model/x", "extra_forbidden"),
        (spec(surprise=1), "/surprise", "extra_forbidden"),
        ({"model": {"kind": "gru"}}, "/dataset", "missing"),
        (spec(dataset={"kind": "text"}), "/dataset/dataset_id", "missing"),
        (
            spec(dataset={"kind": "adding", "dependency_lag": {"min": 1, "max": "x"}}),
            "/dataset/dependency_lag/max",
            "int_type",
        ),
        (
            spec(init={"recurrent": {"gain": "loud"}}),
            "/init/recurrent/gain",
            "float_type",
        ),
        (spec(init={"forget_bias": 1.0}), "/init/forget_bias", "forget_bias_needs_lstm"),
        (spec(tags=["ok", ""]), "/tags/1", "too_short"),
    ],
)
def test_an_error_points_at_its_place(body: dict[str, Any], pointer: str, code: str) -> None:
    assert (pointer, code) in pointer_and_code(body)


def test_a_wrong_kind_lists_the_right_ones() -> None:
    with pytest.raises(ValidationError) as caught:
        JobSpec.model_validate(spec(model={"kind": "transformer"}))

    problem = problems_of(caught.value.errors(), body=None)[0]
    assert all(kind in problem.detail for kind in ("elman", "gru", "lstm"))


def test_places_outside_the_body_are_named_by_their_part() -> None:
    error = ErrorDetails(type="less_than_equal", loc=("query", "limit"), msg="too large", input=9)

    assert problems_of([error])[0].pointer == "query/limit"
