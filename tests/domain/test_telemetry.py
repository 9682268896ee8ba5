"""Readings as arrays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.domain.merging import can_merge, merged
from app.domain.scopes import Scope
from app.domain.telemetry import (
    LagProfile,
    ReadingBatch,
    ScalarReading,
    ScoreDetails,
    Telemetry,
    TelemetryChunk,
    of_kind,
)
from tests.domain.builders import profile, reading, telemetry


def test_a_chunk_knows_its_first_and_last_step() -> None:
    chunk = TelemetryChunk(steps_n=np.array([4, 5, 9], dtype=np.int32), scalars={}, tensors={})

    assert (chunk.first_step, chunk.last_step) == (4, 9)


def test_a_batch_is_empty_when_it_carries_nothing() -> None:
    assert ReadingBatch(progress_step=3).is_empty()
    assert not ReadingBatch(readings=(reading("mse", "train", 1.0),)).is_empty()
    assert not ReadingBatch(readings=(profile(0),)).is_empty()


def test_readings_of_one_kind_keep_their_order() -> None:
    first, second = reading("mse", "train", 1.0), reading("mse", "train", 0.5)
    curve = profile(0)

    assert of_kind(ScalarReading, (first, curve, second)) == (first, second)
    assert of_kind(LagProfile, (first, curve, second)) == (curve,)


def test_a_series_is_of_one_quantity_in_one_scope() -> None:
    readings = [
        reading("mse", "train", 0.3, step=0),
        reading("mse", "validation", 0.4, step=0),
        reading("mse", "train", 0.2, step=10),
    ]

    steps, values = telemetry(readings=readings).series("mse", Scope.split("train"))

    assert steps.tolist() == [0, 10]
    assert values.tolist() == [0.3, 0.2]


def test_without_a_step_there_is_no_last_one() -> None:
    assert telemetry(num_steps=3).last_step == 2
    assert Telemetry(steps_n=np.array([], dtype=np.int32), scalars={}).last_step is None


def test_a_batch_weighs_its_records_and_the_arrays_in_them() -> None:
    chunk = TelemetryChunk(
        steps_n=np.zeros(10, dtype=np.int32),
        scalars={"loss": np.zeros(10, dtype=np.float32)},
        tensors={"weight_norm": np.zeros((10, 3), dtype=np.float32)},
    )
    bare = ReadingBatch()

    whole = ReadingBatch(chunk=chunk, readings=(reading("mse", "train", 1.0),))

    record = bare.num_bytes
    assert whole.num_bytes == 3 * record + 10 * 4 + 10 * 4 + 30 * 4


def test_each_step_of_a_batch_has_its_own_time() -> None:
    elapsed_n = np.array([10.0, 10.5, 12.0], dtype=np.float32)
    chunk = TelemetryChunk(
        steps_n=np.array([4, 5, 6], dtype=np.int32), scalars={"elapsed_s": elapsed_n}, tensors={}
    )
    last = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)

    batch = ReadingBatch(chunk=chunk, recorded_at=last)

    assert [batch.time_of(step) for step in (3, 4, 5, 6, 7)] == [
        last - timedelta(seconds=2),
        last - timedelta(seconds=2),
        last - timedelta(seconds=1.5),
        last,
        last,
    ]


def test_without_a_chunk_or_a_time_there_is_one_time_or_none() -> None:
    last = datetime(2026, 1, 1, tzinfo=UTC)
    bare = TelemetryChunk(steps_n=np.array([4], dtype=np.int32), scalars={}, tensors={})

    assert ReadingBatch(recorded_at=last).time_of(3) == last
    assert ReadingBatch(recorded_at=last, chunk=bare).time_of(4) == last
    assert ReadingBatch(chunk=bare).time_of(4) is None


@pytest.mark.parametrize(
    ("probe_seconds", "elapsed_s", "share"),
    [(3.0, 75.0, 0.04), (None, 75.0, None), (3.0, 0.0, None)],
)
def test_the_share_of_probes_is_of_all_the_time_until_now(
    probe_seconds: float | None, elapsed_s: float, share: float | None
) -> None:
    batch = ReadingBatch(probe_seconds=probe_seconds, elapsed_s=elapsed_s)

    assert batch.probe_share == share


def test_a_lag_profile_weighs_mostly_its_arrays() -> None:
    batch = ReadingBatch(readings=(profile(0),))

    # of 200 lags: a double and an integer of 32 bits each
    assert batch.num_bytes == pytest.approx(200 * 12, abs=5 * 512)
    assert batch.num_bytes > 200 * 12


def flush(*steps: int, **quantities: float) -> ReadingBatch:
    n = len(steps)
    scalars = {name: np.full(n, value, np.float32) for name, value in quantities.items()}
    chunk = TelemetryChunk(
        steps_n=np.array(steps, np.int32),
        scalars=scalars,
        tensors={"grad_norm": np.full((n, 2), steps[0], np.float32)},
    )
    return ReadingBatch(
        chunk=chunk, progress_step=steps[-1] + 1, steps_per_second=float(steps[0]), waited_s=0.5
    )


def test_consecutive_batches_are_merged_into_one() -> None:
    reading = ScalarReading(step=1, quantity="mse", scope=Scope.split("train"), value=2.0)
    alone = ReadingBatch(readings=(reading,), progress_step=3)

    one = merged([flush(0, 1, loss=1), alone, flush(3, loss=2)])

    assert one.chunk is not None
    assert one.chunk.steps_n.tolist() == [0, 1, 3]
    assert one.chunk.scalars["loss"].tolist() == [1, 1, 2]
    assert one.chunk.tensors["grad_norm"].tolist() == [[0, 0], [0, 0], [3, 3]]
    assert one.readings == (reading,)
    assert (one.progress_step, one.steps_per_second, one.waited_s) == (4, 3.0, 1.0)


def test_merging_one_batch_is_that_batch_and_none_has_no_chunk() -> None:
    alone = ReadingBatch(progress_step=3)

    assert merged([alone]) is alone
    assert merged([alone, alone]).chunk is None


def test_a_merged_batch_has_the_time_of_its_last_step_and_the_latest_costs() -> None:
    moments = [datetime(2026, 1, 1, second=second, tzinfo=UTC) for second in range(3)]
    parts = [
        replace(part, recorded_at=moment, probe_seconds=1.0 + place, elapsed_s=9.0)
        for place, (part, moment) in enumerate(
            zip((flush(0, loss=1), flush(1, loss=2), ReadingBatch()), moments, strict=True)
        )
    ]

    one = merged(parts)

    assert (one.recorded_at, one.probe_seconds, one.elapsed_s) == (moments[1], 3.0, 9.0)
    assert merged(parts[2:] * 2).recorded_at == moments[2]


def test_batches_with_other_quantities_are_not_merged() -> None:
    first = flush(0, loss=1)

    assert can_merge(first, flush(1, loss=2))
    assert can_merge(first, ReadingBatch())
    assert can_merge(ReadingBatch(), first)
    assert not can_merge(first, flush(1, loss=2, grad_norm=3))


def test_details_of_scores_belong_to_their_split() -> None:
    details = ScoreDetails(step=4, split="test", details={"horizon": [{"mse": 0.5}]})

    assert details.scope == Scope.split("test")
