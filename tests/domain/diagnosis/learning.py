"""Runs by their scores on training and validation data."""

from collections.abc import Sequence

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.runs import StopReason
from app.domain.task import TaskFacts
from app.domain.telemetry import DoubleArray
from tests.domain.builders import case, scores, task, telemetry

NUM_STEPS = 1000


def learning(
    train: Sequence[float] | DoubleArray = (),
    validation: Sequence[float] | DoubleArray = (),
    *,
    every: int = 50,
    facts: TaskFacts | None = None,
    loss: Sequence[float] | DoubleArray | float = 0.2,
    stop_reason: StopReason | None = StopReason.COMPLETED,
) -> Case:
    """A run of 1000 steps with a floor of 1 and an attainable score of 0, scored every 50 steps."""
    readings = [
        *scores(_by_step(train, every), split="train"),
        *scores(_by_step(validation, every)),
    ]
    num_done = np.size(loss) if np.size(loss) > 1 else max(len(train), len(validation)) * every
    return case(
        facts=facts or task(floor=1.0),
        seen=telemetry(num_steps=num_done, loss=loss, readings=readings),
        num_steps=NUM_STEPS,
        stop_reason=stop_reason,
    )


def _by_step(values: Sequence[float] | DoubleArray, every: int) -> dict[int, float]:
    return {place * every: float(value) for place, value in enumerate(values)}
