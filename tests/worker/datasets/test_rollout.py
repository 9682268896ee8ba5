"""The cost of a recursive forecast is bounded, and long ones are told at some of their steps."""

import numpy as np
import pytest
import torch

from app.domain.telemetry import DoubleArray
from tests.worker.builders import make_spec
from tests.worker.datasets.test_forecast import forecast
from worker.datasets.build import build_task
from worker.datasets.rollout import MAX_PASSES, MAX_STEPS, MAX_WINDOWS, Rollout
from worker.models.network import build_model


def waves() -> DoubleArray:
    values_N: DoubleArray = np.sin(np.arange(6000) / 5)
    return values_N


@pytest.mark.parametrize(("steps", "horizon"), [(4, 1), (40, 4), (800, 1), (800, 10)])
def test_windows_are_as_many_as_the_passes_allow(steps: int, horizon: int) -> None:
    dataset = forecast(recursive_steps=steps, horizon=horizon)
    spec = make_spec({"dataset": dataset, "model": {"kind": "gru", "hidden_size": 2}})
    task = build_task(spec.dataset, upload=("y\n" + "\n".join(map(str, waves()))).encode())
    rollout = task.recursive
    assert isinstance(rollout, Rollout)
    passes = -(-steps // horizon)
    room = 900 - passes * horizon + 1

    sizes = {split: len(start_W) for split, start_W in rollout.starts.items()}

    expected = min(room, MAX_WINDOWS, MAX_PASSES // passes)
    assert sizes == {"validation": expected, "test": expected}
    assert expected >= 8
    model = build_model(spec.model, task.facts)
    with torch.no_grad():
        model.readout.weight.zero_()
    scores = rollout.scores(model, "test")
    assert len(scores) == min(steps, MAX_STEPS)
    assert scores[-1]["step"] == steps  # type: ignore[index,call-overload] # an object
