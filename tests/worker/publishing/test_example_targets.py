"""The targets of published examples are what the data says comes after their inputs."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import JsonValue

from tests.worker.builders import make_spec
from tests.worker.datasets.test_forecast import forecast
from tests.worker.datasets.test_sequences import make_csv, sequences
from worker.datasets.build import build_task
from worker.models.network import build_model
from worker.publishing.golden import make_golden

VALUES = [100.0 + (7 * n) % 13 for n in range(60)]
SERIES = "y\n" + "".join(f"{value}\n" for value in VALUES)


def _golden(dataset: Mapping[str, JsonValue], upload: str | None = None) -> dict[str, Any]:
    spec = make_spec({"dataset": dict(dataset)})
    task = build_task(spec.dataset, upload=None if upload is None else upload.encode())
    weights = dict(build_model(spec.model, task.facts).double().named_tensors())
    return make_golden(spec, task, {"model.safetensors": weights})


def test_the_target_of_an_addition_is_the_sum_of_the_marked_numbers() -> None:
    golden = _golden({"kind": "adding", "length": 12})

    for example, target in zip(golden["inputs"], golden["targets"], strict=True):
        marked = sum(value for value, mark in example["timesteps"] if mark)
        assert target == [[pytest.approx(marked, abs=1e-6)]]


def test_a_copied_symbol_is_the_target_where_it_is_asked_for() -> None:
    golden = _golden({"kind": "copy_memory", "length": 3})

    for target, output in zip(
        golden["targets"], golden["outputs"]["model.safetensors"], strict=True
    ):
        assert len(target) == len(output["rows"])
        assert any(row is not None for row in target)


@pytest.mark.parametrize("transform", [[], ["difference"]])
def test_the_targets_of_a_window_are_the_values_after_it(transform: list[JsonValue]) -> None:
    golden = _golden(forecast(window=5, horizon=2, transform=transform), SERIES)

    seen = 0
    for example, target in zip(golden["inputs"], golden["targets"], strict=True):
        rows = [row[0] for row in example["timesteps"]]
        places = [i for i in range(50) if VALUES[i : i + len(rows)] == rows]
        if target is not None:
            seen += 1
            following = [VALUES[i + len(rows) : i + len(rows) + 2] for i in places]
            assert any(target[0] == pytest.approx(one, abs=1e-3) for one in following)
    assert seen


def test_a_rate_has_no_targets_in_the_units_of_the_data() -> None:
    golden = _golden(forecast(window=5, loss="poisson"), SERIES)

    assert set(map(str, golden["targets"])) == {"None"}


def test_the_target_of_a_labelled_sequence_is_its_label() -> None:
    golden = _golden(sequences(), make_csv())

    assert {row for target in golden["targets"] for [row] in target} <= {"a", "b"}


def test_a_sequence_that_is_cut_has_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.publishing.golden.MAX_TIMESTEPS", 5)

    assert _golden({"kind": "adding", "length": 12})["targets"] == [None] * 3
