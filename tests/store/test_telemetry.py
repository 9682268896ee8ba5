"""Batches are stored once, in order, under their attempt, and read back as they were."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from math import isnan
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.errors import Fenced
from app.domain.events import EventKind
from app.domain.quantities import LAG_PROFILE, PER_TENSOR, SCALARS
from app.domain.runs import StopReason
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, Reading, ReadingBatch, ScalarReading, ScoreDetails
from app.store.claims import finish
from app.store.events import events_after
from app.store.history import PROFILE_COLUMNS, read_columns, read_scalar_series
from app.store.position_rows import read_positions
from app.store.reading_rows import read_probe_gaps, read_score_details
from app.store.runs import find_run
from app.store.tables import (
    position_readings,
    probe_gaps,
    probe_readings,
    scalar_readings,
    telemetry_chunks,
)
from app.store.telemetry import append_batch, read_telemetry
from tests.domain.builders import scores
from tests.store.builders import (
    TENSORS,
    a_batch,
    a_chunk,
    a_position,
    a_profile,
    claimed_run,
)

SPECIAL = np.array([np.nan, np.inf, -np.inf, 1e-45], dtype=np.float32)


def test_every_quantity_of_the_lag_profile_has_a_column() -> None:
    assert set(PROFILE_COLUMNS) == set(LAG_PROFILE)
    assert set(PROFILE_COLUMNS.values()) <= set(probe_readings.c.keys())


def num_rows(session: Session, run_id: UUID) -> int:
    counts = [
        session.execute(select(func.count()).where(table.c.run_id == run_id)).scalar_one()
        for table in (telemetry_chunks, scalar_readings)
    ]
    return sum(counts)


def test_readings_come_back_bit_for_bit(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    first = replace(
        a_chunk(),
        scalars={name: np.roll(SPECIAL, shift) for shift, name in enumerate(SCALARS)},
    )
    second = a_chunk(first_step=4, num_steps=3, seed=1)

    for seq, chunk in enumerate((first, second)):
        batch = ReadingBatch(chunk=chunk, progress_step=chunk.last_step + 1)
        assert append_batch(session, run_id=run.id, attempt=1, seq=seq, batch=batch)
    found = read_telemetry(session, run.id)

    assert found.steps_n.tolist() == list(range(7))
    assert found.tensor_names == TENSORS
    for name in SCALARS:
        wanted = np.concatenate([first.scalars[name], second.scalars[name]])
        assert found.scalars[name].tobytes() == wanted.tobytes()
    for name in PER_TENSOR:
        stacked = np.concatenate([first.tensors[name], second.tensors[name]])
        assert found.tensors[name].tobytes() == stacked.tobytes()


def test_each_step_of_a_flush_has_its_own_time(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    ends = [datetime(2026, 1, 1, 12, 0, second, tzinfo=UTC) for second in (10, 20)]
    for seq, end in enumerate(ends):
        chunk = a_chunk(first_step=4 * seq)
        elapsed_n = np.array([1.0, 1.5, 2.0, 4.0], dtype=np.float32)
        chunk = replace(chunk, scalars={**chunk.scalars, "elapsed_s": elapsed_n})
        batch = ReadingBatch(
            chunk=chunk, readings=scores({4 * seq + 1: 1.0}), progress_step=1, recorded_at=end
        )
        append_batch(session, run_id=run.id, attempt=1, seq=seq, batch=batch)

    loss = read_columns(session, run.id, columns=["loss"], with_times=True)["loss"]
    (mse,) = read_scalar_series(session, run.id, quantities=["mse"])

    seconds = (loss.recorded_at_n / 1e6 - ends[0].timestamp()).tolist()
    assert seconds == pytest.approx([-3, -2.5, -2, 0, 7, 7.5, 8, 10])
    of_scores = (mse.recorded_at_n / 1e6 - ends[0].timestamp()).tolist()
    assert of_scores == pytest.approx([-2.5, 7.5])


def test_the_latest_details_of_scores_are_read(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    for seq, mae in enumerate((3.0, 2.0)):
        details = ScoreDetails(step=seq, split="test", details={"horizon": [{"mae": mae}]})
        batch = ReadingBatch(readings=(details,))
        append_batch(session, run_id=run.id, attempt=1, seq=seq, batch=batch)

    assert read_score_details(session, run.id) == {"test": {"horizon": [{"mae": 2.0}]}}


def test_a_range_of_steps_is_read_alone(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    for seq in range(3):
        batch = a_batch(first_step=4 * seq, readings=scores({4 * seq: 1.0}))
        append_batch(session, run_id=run.id, attempt=1, seq=seq, batch=batch)

    found = read_telemetry(session, run.id, from_step=3, to_step=8)

    assert found.steps_n.tolist() == [3, 4, 5, 6, 7, 8]
    assert [reading.step for reading in found.scalar_readings] == [4, 8]


@pytest.mark.parametrize("is_full", [True, False])
def test_a_lag_profile_comes_back_bit_for_bit(
    session: Session, workspace_id: UUID, *, is_full: bool
) -> None:
    run = claimed_run(session, workspace_id)
    sent = a_profile(is_full=is_full)

    batch = ReadingBatch(readings=(sent,))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)
    (found,) = read_telemetry(session, run.id).profiles

    for field in fields(sent):
        wanted, got = getattr(sent, field.name), getattr(found, field.name)
        if isinstance(wanted, np.ndarray):
            assert got.dtype == wanted.dtype
            assert got.tobytes() == wanted.tobytes()
        else:
            assert got == wanted


@pytest.mark.parametrize("has_cell", [True, False])
def test_a_profile_over_position_comes_back_bit_for_bit(
    session: Session, workspace_id: UUID, *, has_cell: bool
) -> None:
    run = claimed_run(session, workspace_id)
    sent = tuple(a_position(step=step, has_cell=has_cell) for step in (0, 5, 9))

    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=ReadingBatch(readings=sent))
    found = read_positions(session, run.id, steps=[9, 0])

    for one, wanted in zip(found, (sent[0], sent[2]), strict=True):
        for name, value in vars(wanted).items():
            got = getattr(one, name)
            if isinstance(value, np.ndarray):
                assert got.dtype == value.dtype
                assert got.tobytes() == value.tobytes()
            else:
                assert got == value


def test_scalar_readings_keep_what_is_not_finite(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    values = (float("nan"), float("inf"), 5e-324)
    sent = tuple(
        ScalarReading(
            step=1, quantity="non_finite.batch_row", scope=Scope.parse("model"), value=value
        )
        for value in values
    )

    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=ReadingBatch(readings=sent))
    found = read_telemetry(session, run.id).scalar_readings

    assert [repr(reading.value) for reading in found] == [repr(value) for value in values]


def test_what_a_probe_could_not_measure_is_kept_with_its_reason(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    gaps = tuple(
        ProbeGap(
            step=step,
            quantity="lyapunov_1",
            scope=Scope.parse("layer:0"),
            reason="it reads both ways",
        )
        for step in (0, 7)
    )

    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=ReadingBatch(readings=gaps))

    assert read_probe_gaps(session, run.id) == gaps
    assert read_probe_gaps(session, run.id, from_step=1, to_step=7) == gaps[1:]


def test_readings_are_numbered_by_kind_in_the_order_of_sending(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    gap = ProbeGap(
        step=0, quantity="sigma_max", scope=Scope.parse("layer:0"), reason="it is not finite"
    )
    sent: tuple[Reading, ...] = (
        a_profile(),
        *scores({0: 0.5}),
        a_position(),
        gap,
        a_profile(),
        *scores({0: 0.25}),
    )

    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=ReadingBatch(readings=sent))

    positions = {
        table.name: session.execute(select(table.c.position).order_by(table.c.position)).scalars()
        for table in (scalar_readings, probe_readings, position_readings, probe_gaps)
    }
    assert {name: list(found) for name, found in positions.items()} == {
        "scalar_readings": [0, 1],
        "probe_readings": [0, 1],
        "position_readings": [0],
        "probe_gaps": [0],
    }
    values = [one.value for one in read_telemetry(session, run.id).scalar_readings]
    assert values == [0.5, 0.25]


def test_a_batch_that_comes_again_is_dropped(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    batch = a_batch(readings=scores({0: 1.0}))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)
    before = find_run(session, workspace_id, run.id)

    was_new = append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)

    assert not was_new
    assert num_rows(session, run.id) == 2
    assert find_run(session, workspace_id, run.id) == before


def test_a_batch_that_comes_again_after_the_end_is_dropped(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=a_batch())
    finish(session, run_id=run.id, attempt=1, stop_reason=StopReason.COMPLETED)

    assert not append_batch(session, run_id=run.id, attempt=1, seq=0, batch=a_batch())
    with pytest.raises(Fenced):
        append_batch(session, run_id=run.id, attempt=1, seq=1, batch=a_batch(first_step=4))


@pytest.mark.parametrize(("attempt", "seq"), [(0, 0), (2, 0), (1, 1)])
def test_another_attempt_or_a_gap_is_fenced(
    session: Session, workspace_id: UUID, attempt: int, seq: int
) -> None:
    run = claimed_run(session, workspace_id)

    with pytest.raises(Fenced):
        append_batch(session, run_id=run.id, attempt=attempt, seq=seq, batch=a_batch())

    assert num_rows(session, run.id) == 0


def test_the_row_follows_the_readings(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    readings = (
        *scores({0: 0.5, 2: float("nan"), 3: 0.25}),
        *scores({3: 0.25}),
        *scores({3: 0.1}, split="train"),
    )

    first = replace(a_batch(readings=readings), probe_seconds=3.0, elapsed_s=4.0)
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=first)
    later = scores({4: float("inf")})
    batch = replace(a_batch(first_step=4, readings=later), probe_seconds=3.0, elapsed_s=75.0)
    append_batch(session, run_id=run.id, attempt=1, seq=1, batch=batch)
    found = find_run(session, workspace_id, run.id)

    assert found.progress_step == 8
    assert found.metrics == {"validation": {"mse": None}, "train": {"mse": 0.1}}
    assert found.best is not None
    assert (found.best.step, found.best.metric, found.best.value) == (3, "mse", 0.25)
    # of the time until now, not until the last probe
    assert (found.probe_share, found.probe_seconds) == (0.04, 3.0)
    assert found.version > run.version


def test_progress_and_evaluations_are_logged(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    chunk = replace(a_chunk(), scalars={"loss": SPECIAL[[3, 2, 1, 0]]})
    batch = ReadingBatch(chunk=chunk, readings=scores({3: 0.5}), progress_step=4)

    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)
    found = events_after(session, run.id, 2, 10)

    assert [event.kind for event in found] == [EventKind.EVALUATION, EventKind.PROGRESS]
    assert found[0].data == {"step": 3, "metrics": {"validation": {"mse": 0.5}}}
    assert isnan(float(str(found[1].data["loss"])))


def test_summaries_count_what_is_not_finite(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    chunk = replace(a_chunk(), scalars={"loss": SPECIAL, "grad_norm": SPECIAL[[0, 0, 1, 2]]})

    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=ReadingBatch(chunk=chunk))
    summary = session.execute(select(telemetry_chunks.c.summary)).scalar_one()

    assert summary["loss"] == {"min": float(SPECIAL[3]), "max": float(SPECIAL[3]), "non_finite": 3}
    assert summary["grad_norm"] == {"min": None, "max": None, "non_finite": 4}


def test_a_run_s_readings_lie_in_its_month_s_partition(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=a_batch())

    query = "EXPLAIN SELECT loss FROM telemetry_chunks WHERE run_id = :run_id"
    plan = "\n".join(session.execute(text(query), {"run_id": run.id}).scalars())

    assert f"telemetry_chunks_{run.created_at:%Y_%m}" in plan
    assert "default" not in plan
