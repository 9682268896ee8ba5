from collections.abc import Callable

import numpy as np
import torch

from app.domain.scopes import Scope
from app.domain.telemetry import FLUSH_EVERY_STEPS, ReadingBatch, ScalarReading, TelemetryChunk
from worker.telemetry.recorder import (
    Recorder,
    StepReading,
    as_float32,
    combined_norm,
    update_ratio,
)

INF, NAN = float("inf"), float("nan")


def scalars(*values: float) -> list[torch.Tensor]:
    return [torch.tensor(value, dtype=torch.float64) for value in values]


def make_reading(step: int, *, loss: float = 1.0, weight: float = 2.0) -> StepReading:
    return StepReading(
        step=step,
        loss=torch.tensor(loss),
        clip_coefficient=torch.tensor(0.5, dtype=torch.float64),
        non_finite_count=None,
        grad_norms=scalars(3.0, 4.0),
        weight_norms=scalars(weight, 0.0),
        update_norms=scalars(0.2, 0.1),
        nonzero_counts=[torch.tensor(3), torch.tensor(4)],
        learning_rate=0.1,
        elapsed_s=float(step),
    )


def make_recorder(
    sent: list[ReadingBatch], *, clock: Callable[[], float] = lambda: 0.0
) -> Recorder:
    return Recorder(tensor_sizes=[4, 4], device=torch.device("cpu"), send=sent.append, clock=clock)


def only_chunk(sent: list[ReadingBatch]) -> TelemetryChunk:
    (chunk,) = [batch.chunk for batch in sent]
    assert chunk is not None
    return chunk


def test_a_flush_carries_every_quantity_of_each_step() -> None:
    sent: list[ReadingBatch] = []
    recorder = make_recorder(sent)
    for step in range(3):
        recorder.record(make_reading(step))

    recorder.flush(steps_done=3)

    chunk = only_chunk(sent)
    assert chunk.steps_n.tolist() == [0, 1, 2]
    assert chunk.scalars["grad_norm"].tolist() == [5.0] * 3
    assert chunk.scalars["elapsed_s"].tolist() == [0.0, 1.0, 2.0]
    np.testing.assert_allclose(chunk.tensors["zero_fraction"][0], [0.25, 0.0])
    np.testing.assert_allclose(chunk.tensors["update_ratio"][0], [0.1, 1.0])
    assert sent[0].progress_step == 3


def test_readings_after_the_first_bad_step_are_dropped() -> None:
    sent: list[ReadingBatch] = []
    recorder = make_recorder(sent)
    for step, loss in enumerate((1.0, NAN, NAN)):
        recorder.record(make_reading(step, loss=loss))
    recorder.add([ScalarReading(step=2, quantity="mse", scope=Scope.parse("train"), value=1.0)])

    diverged_at = recorder.flush(steps_done=3)

    assert diverged_at == 1
    assert only_chunk(sent).steps_n.tolist() == [0, 1]
    assert sent[0].readings == ()
    assert sent[0].progress_step == 2


def test_weights_that_are_not_finite_end_a_run_too() -> None:
    recorder = make_recorder([])
    recorder.record(make_reading(0, weight=INF))

    assert recorder.flush(steps_done=1) == 0


def test_it_is_due_for_the_first_step_then_by_time_or_by_number() -> None:
    now_s = [0.0]
    recorder = make_recorder([], clock=lambda: now_s[0])

    recorder.record(make_reading(0))
    assert recorder.is_due()
    recorder.flush(steps_done=1)
    recorder.record(make_reading(1))
    assert not recorder.is_due()
    now_s[0] = 0.6
    assert recorder.is_due()
    recorder.flush(steps_done=2)
    for step in range(FLUSH_EVERY_STEPS):
        assert not recorder.is_due()
        recorder.record(make_reading(step))
    assert recorder.is_due()


def test_nothing_is_sent_when_there_is_nothing() -> None:
    sent: list[ReadingBatch] = []

    assert make_recorder(sent).flush(steps_done=0) is None
    assert sent == []


def test_norms_combine_without_overflow_and_keep_what_is_not_finite() -> None:
    rows = np.array([[3e200, 4e200], [0.0, 0.0], [1.0, INF], [1.0, NAN], [3e-200, 4e-200]])

    found = combined_norm(rows)

    np.testing.assert_allclose(found, [5e200, 0.0, INF, NAN, 5e-200])


def test_a_ratio_is_safe_at_zero() -> None:
    found = update_ratio(np.array([0.0, 0.5, 0.5]), np.array([0.0, 0.0, 2.0]))

    assert found.tolist() == [0.0, 1.0, 0.25]


def test_a_finite_norm_stays_finite_in_float32() -> None:
    found = as_float32(np.array([1e300, -1e300, INF, NAN]))

    assert np.isfinite(found).tolist() == [True, True, False, False]
