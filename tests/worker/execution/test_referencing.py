"""A reference is computed once for each data set spec, and a failure to fit it fails no run."""

from uuid import uuid4

import numpy as np
import pytest
from pydantic import JsonValue
from sqlalchemy import Engine

from app.domain.specs.dataset.base import Dataset
from app.domain.task import Reference
from tests.worker.builders import make_spec
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.execution.referencing import NOTE, with_reference
from worker.telemetry.sending import OutageRetry

DIGITS: dict[str, JsonValue] = {"kind": "digits", "seed": int(uuid4().int % 2**31)}


class CountedFit:
    """Stands for the fit of the models."""

    def __init__(self, error: Exception | None = None) -> None:
        self.num_calls = 0
        self._error = error

    def __call__(self, _spec: Dataset, _task: Task) -> Reference:
        self.num_calls += 1
        if self._error is not None:
            raise self._error
        return Reference(name="lags", source="", metrics={"validation": {"mse": 1.0}})


def made(dataset: dict[str, JsonValue]) -> tuple[Dataset, Task]:
    spec = make_spec({"dataset": dataset}).dataset
    return spec, build_task(spec, upload=None)


def test_it_is_computed_once(engine: Engine) -> None:
    (spec, task), fit = made(DIGITS), CountedFit()

    first = with_reference(engine, OutageRetry(), spec, task, fit=fit)
    again = with_reference(engine, OutageRetry(), spec, task, fit=fit)

    assert fit.num_calls == 1
    assert first.facts == again.facts
    assert first.facts.reference is not None
    assert first.facts.reference.name == "lags"


def test_a_task_with_a_known_best_score_has_none(engine: Engine) -> None:
    (spec, task), fit = made({"kind": "adding", "length": 12}), CountedFit()

    found = with_reference(engine, OutageRetry(), spec, task, fit=fit)

    assert (fit.num_calls, found.facts.reference) == (0, None)


@pytest.mark.parametrize("error", [np.linalg.LinAlgError(), RuntimeError(), FloatingPointError()])
def test_a_failure_leaves_a_note_and_is_not_stored(engine: Engine, error: Exception) -> None:
    spec, task = made({**DIGITS, "seed": int(uuid4().int % 2**31)})

    found = with_reference(engine, OutageRetry(), spec, task, fit=CountedFit(error))
    later = with_reference(engine, OutageRetry(), spec, task, fit=CountedFit())

    assert found.facts.reference is None
    assert found.facts.notes == (*task.facts.notes, NOTE)
    assert later.facts.reference is not None
