"""A reference is stored under all that it depends on."""

from uuid import UUID

import pytest
from pydantic import JsonValue

from app.domain.references import reference_key
from app.domain.specs.dataset.forecast import ForecastSpec


def key(**changes: JsonValue) -> str:
    spec = {"kind": "forecast", "dataset_id": str(UUID(int=1)), "target": "y", **changes}
    return reference_key(ForecastSpec.model_validate(spec))


def test_a_spec_that_names_its_defaults_has_the_same_key() -> None:
    assert key() == key(window=48, horizon=1, loss="mse", split={"train": 0.7})


@pytest.mark.parametrize(
    "changes",
    [
        {"window": 47},
        {"horizon": 2},
        {"loss": "mae"},
        {"target": "z"},
        {"seed": 1},
        {"dataset_id": str(UUID(int=2))},
        {"split": {"train": 0.6, "validation": 0.2, "test": 0.2}},
    ],
)
def test_a_spec_with_other_data_targets_or_loss_has_another_key(changes: dict[str, JsonValue]):
    assert key(**changes) != key()


def test_the_declared_lag_changes_nothing() -> None:
    assert key(dependency_lag=3) == key()
