"""Fields in which several job specs differ."""

from app.domain.side_by_side import differing_fields
from tests.domain.builders import job


def test_a_field_has_one_value_for_each_spec() -> None:
    specs = [
        job(optimizer={"kind": "adam", "learning_rate": rate}, name=str(rate))
        for rate in (0.1, 0.01, 0.1)
    ]

    (field,) = differing_fields(specs)

    assert (field.pointer, field.values) == ("/optimizer/learning_rate", (0.1, 0.01, 0.1))


def test_a_field_that_only_some_specs_have_is_null_in_the_others() -> None:
    specs = [job(optimizer={"kind": "sgd"}), job(optimizer={"kind": "adam", "beta1": 0.5})]

    found = {one.pointer: one.values for one in differing_fields(specs)}

    assert found["/optimizer/kind"] == ("sgd", "adam")
    assert found["/optimizer/beta1"] == (None, 0.5)


def test_one_spec_or_none_differs_in_nothing() -> None:
    assert differing_fields([job()]) == differing_fields([]) == ()
