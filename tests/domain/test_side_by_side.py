"""Fields in which several job specs differ, and specs that differ in their seed alone."""

from app.domain.side_by_side import differing_fields, seed_arms
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


def test_specs_that_differ_in_their_seed_and_labels_are_one_arm() -> None:
    specs = [
        job(training={"seed": 3}, name="first", tags=["a"]),
        job(training={"seed": 3, "num_steps": 7}),
        job(training={"seed": 5}, notes="again"),
        job(training={"seed": 3}),
    ]

    together, alone = seed_arms(specs)

    assert (together.members, together.seeds) == ((0, 2, 3), (3, 5, 3))
    assert (alone.members, alone.seeds) == ((1,), (3,))


def test_a_seed_of_the_data_makes_another_arm() -> None:
    specs = [job(), job(dataset={"kind": "adding", "length": 200, "seed": 1})]

    assert [arm.members for arm in seed_arms(specs)] == [(0,), (1,)]
