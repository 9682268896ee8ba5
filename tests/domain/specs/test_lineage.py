"""The lineage of a job spec: a parent, a purpose, and the remedy of the runs that try one."""

from uuid import UUID

import pytest
from pydantic import JsonValue, ValidationError

from app.domain.specs.lineage import RunPurpose
from app.domain.specs.patch import as_document
from tests.domain.builders import job

PARENT = str(UUID(int=7))


def lineage(purpose: str, remedy: str | None) -> dict[str, JsonValue]:
    return {"parent": PARENT, "purpose": purpose, "remedy": remedy}


@pytest.mark.parametrize(
    ("purpose", "remedy"), [("control", None), ("remedy", "clip_norm"), ("experiment", None)]
)
def test_a_lineage_says_what_a_run_is_for(purpose: str, remedy: str | None) -> None:
    given = lineage(purpose, remedy)

    spec = job(lineage=given)

    assert spec.lineage is not None
    assert spec.lineage.purpose is RunPurpose(purpose)
    assert as_document(spec)["lineage"] == given


def test_a_spec_without_a_lineage_shows_none() -> None:
    assert not {"lineage", "parent_id"} & as_document(job()).keys()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lineage": lineage("remedy", None)}, "remedy_missing"),
        ({"lineage": lineage("control", "clip_norm")}, "remedy_without_purpose"),
        ({"lineage": lineage("remedy", "Clip norm")}, "string_pattern_mismatch"),
        ({"lineage": lineage("fun", None)}, "enum"),
        ({"lineage": lineage("control", None), "parent_id": PARENT}, "parent_given_twice"),
    ],
)
def test_a_lineage_that_contradicts_itself_is_refused(
    changes: dict[str, JsonValue], code: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        job(**changes)

    assert [error["type"] for error in refused.value.errors()] == [code]
