"""Merge patches of a job spec, and where a patch is wrong."""

from typing import Any

import pytest

from app.domain.errors import InvalidSpec
from app.domain.specs.patch import as_document, merge_patch, patched, patched_at
from tests.domain.builders import job


def problems(patch: dict[str, Any]) -> list[tuple[str, str]]:
    """Place and code of each problem."""
    with pytest.raises(InvalidSpec) as refused:
        patched_at(job(), patch, place="/patch")
    return [(problem.pointer, problem.code) for problem in refused.value.problems]


def test_a_patch_merges_fields() -> None:
    document: dict[str, Any] = {"clipping": {"kind": "norm", "max_norm": 2.0}, "name": "a"}

    assert merge_patch(document, {"clipping": {"max_norm": 3.0}}) == {
        "clipping": {"kind": "norm", "max_norm": 3.0},
        "name": "a",
    }
    assert merge_patch(document, {"clipping": {"kind": "norm", "max_norm": 3.0}}) == {
        "clipping": {"kind": "norm", "max_norm": 3.0},
        "name": "a",
    }


def test_a_patch_of_another_kind_replaces_the_whole_object() -> None:
    document: dict[str, Any] = {"clipping": {"kind": "norm", "max_norm": 2.0}}

    assert merge_patch(document, {"clipping": {"kind": "value"}}) == {"clipping": {"kind": "value"}}


def test_a_null_removes_what_is_there_and_nothing_else() -> None:
    document: dict[str, Any] = {"name": "a", "notes": "b"}

    assert merge_patch(document, {"name": None, "tags": None}) == {"notes": "b"}


def test_an_object_replaces_what_is_no_object_and_the_other_way_round() -> None:
    document: dict[str, Any] = {"lag": 5, "split": {"train": 0.7}}

    assert merge_patch(document, {"lag": {"min": 1}, "split": 3}) == {"lag": {"min": 1}, "split": 3}


def test_a_patch_leaves_the_document_as_it_was() -> None:
    document: dict[str, Any] = {"clipping": {"kind": "norm", "max_norm": 2.0}, "name": "a"}

    merge_patch(document, {"clipping": {"max_norm": 3.0}, "name": None})

    assert document == {"clipping": {"kind": "norm", "max_norm": 2.0}, "name": "a"}


def test_a_patched_spec_keeps_what_the_patch_does_not_name() -> None:
    spec = job(name="a", training={"num_steps": 7, "seed": 3})

    changed = patched(spec, {"training": {"num_steps": 9}})

    assert (changed.name, changed.training.num_steps, changed.training.seed) == ("a", 9, 3)
    assert patched_at(spec, {}, place="/patch") == spec
    assert as_document(changed)["training"] != as_document(spec)["training"]


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({"training": {"num_steps": 0}}, "/patch/training/num_steps", "greater_than_equal"),
        ({"training": 5}, "/patch/training", "model_type"),
        ({"clipping": {"max_norm": 0}}, "/patch/clipping/max_norm", "greater_than"),
        ({"tags": ["a", ""]}, "/patch/tags/1", "too_short"),
        (
            {"probes": {"quantities": ["sigma_max", {"name": "gate_mean", "every": 0}]}},
            "/patch/probes/quantities/1/every",
            "greater_than_equal",
        ),
        ({"init": {"forget_bias": 1}}, "/patch/init/forget_bias", "forget_bias_needs_lstm"),
        ({"model": {"kind": "other"}}, "/patch/model", "union_tag_invalid"),
    ],
    ids=str,
)
def test_a_wrong_patch_is_told_with_its_place_in_the_request(
    patch: dict[str, Any], pointer: str, code: str
) -> None:
    assert problems(patch) == [(pointer, code)]


def test_every_place_of_a_wrong_patch_is_told() -> None:
    patch = {"training": {"num_steps": 0}, "probes": {"quantities": ["loss", "sum_rule"]}}

    assert [pointer for pointer, _ in problems(patch)] == [
        "/patch/training/num_steps",
        "/patch/probes/quantities/0",
    ]


def test_the_members_of_a_union_are_no_part_of_the_place() -> None:
    found = problems({"dataset": {"dependency_lag": [4]}})

    assert {pointer for pointer, _ in found} == {"/patch/dataset/dependency_lag"}
