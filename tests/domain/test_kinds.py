"""Every kind that a spec may name is in the catalogue with its line and its schema."""

import pytest

from app.domain.kinds import job_schema, kinds_by_family
from app.domain.specs.job import JobSpec


@pytest.mark.parametrize("family", kinds_by_family())
def test_each_kind_has_a_line_and_a_schema(family: str) -> None:
    for kind in kinds_by_family()[family]:
        assert kind.summary.endswith((".", ")"))
        assert kind.schema["type"] == "object"


def test_the_kinds_of_models_and_data_sets_are_those_of_the_job() -> None:
    families = kinds_by_family()

    assert [kind.kind for kind in families["model"]] == ["elman", "gru", "lstm"]
    assert {"adding", "forecast"} <= {kind.kind for kind in families["dataset"]}
    assert job_schema() == JobSpec.model_json_schema()
