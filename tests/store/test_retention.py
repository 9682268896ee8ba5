"""Readings of old months go a partition at a time; runs, logs and diagnoses stay."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from app.domain.diagnosis.findings import Diagnosis
from app.domain.errors import TelemetryDropped
from app.domain.runs import Run
from app.domain.windows.excerpt import Excerpt
from app.services.diagnosis.read_diagnosis import load_diagnosis_or_case
from app.services.telemetry.drop_old_telemetry import drop_old_telemetry
from app.services.telemetry.plan_history import HistoryQuery
from app.services.telemetry.read_history import read_history
from app.store.database import UnitOfWork
from app.store.ids import first_id_of
from app.store.partitions import ensure_partitions, make_month, months_with_partitions
from app.store.runs import enqueue_again, find_run
from app.store.tables import PARTITIONED, metadata, runs
from app.store.telemetry import append_batch
from app.store.usage import usage_of
from tests.domain.builders import job, scores
from tests.store.builders import (
    a_batch,
    a_profile,
    claimed,
    claimed_run,
    end,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
RETENTION_DAYS = 30


@pytest.fixture
def work(session: Session) -> UnitOfWork:
    make_month(session, LONG_AGO)
    return UnitOfWork(session)


def an_old_run(session: Session, workspace_id: UUID) -> Run:
    """Of January 2020, measured, diagnosed and ended."""
    run_id = UUID(int=first_id_of(LONG_AGO).int + secrets.randbits(60))
    spec = job()
    values = {
        "id": run_id,
        "workspace_id": workspace_id,
        "spec": spec.model_dump(mode="json"),
        "model_kind": spec.model.kind,
        "dataset_kind": spec.dataset.kind,
        "device_wanted": "cpu",
    }
    session.execute(insert(runs).values(values))
    measured(session, claimed(session, run_id))
    return find_run(session, workspace_id, run_id)


def measured(session: Session, run: Run) -> None:
    batch = a_batch(readings=(*scores({3: 0.5}), a_profile()))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)
    end(session, run)


def num_rows(session: Session, run: Run) -> int:
    tables = [metadata.tables[name] for name in PARTITIONED]
    counts = [select(func.count()).where(table.c.run_id == run.id) for table in tables]
    return sum(session.execute(count).scalar_one() for count in counts)


def losses(work: UnitOfWork, run: Run) -> Excerpt:
    query = HistoryQuery(quantities=["loss"])
    history = read_history(
        work, workspace_id=run.workspace_id, run_id=run.id, query=query, max_points=1000
    )
    [excerpt] = history.excerpts
    return excerpt


def test_an_old_month_goes_and_says_so(work: UnitOfWork, workspace_id: UUID) -> None:
    session = work.session
    old, new = an_old_run(session, workspace_id), claimed_run(session, workspace_id)
    measured(session, new)
    verdict = find_run(session, workspace_id, old.id).verdict

    dropped = drop_old_telemetry(work, retention_days=RETENTION_DAYS)
    again = drop_old_telemetry(work, retention_days=RETENTION_DAYS)

    found = find_run(session, workspace_id, old.id)
    assert (dropped, again) == (LONG_AGO, None)
    assert LONG_AGO not in months_with_partitions(session)
    assert (num_rows(session, old), num_rows(session, new) > 0) == (0, True)
    assert found.telemetry_dropped_at is not None
    assert (found.verdict, found.version) == (verdict, old.version + 1)
    assert losses(work, found).steps_p.size == 0
    assert find_run(session, workspace_id, new.id).telemetry_dropped_at is None


def test_what_was_found_is_kept_but_not_judged_again(work: UnitOfWork, workspace_id: UUID) -> None:
    old = an_old_run(work.session, workspace_id)
    drop_old_telemetry(work, retention_days=RETENTION_DAYS)
    owned = {"workspace_id": workspace_id, "run_id": old.id}

    kept = load_diagnosis_or_case(work, **owned, may_be_stored=True)

    assert isinstance(kept, Diagnosis)
    assert kept.final
    with pytest.raises(TelemetryDropped):
        load_diagnosis_or_case(work, **owned, may_be_stored=False)


def test_a_run_that_goes_on_keeps_its_month(work: UnitOfWork, workspace_id: UUID) -> None:
    session = work.session
    ended, resumed = an_old_run(session, workspace_id), an_old_run(session, workspace_id)
    enqueue_again(session, resumed, spec=resumed.spec, expected_rows=0)

    assert drop_old_telemetry(work, retention_days=RETENTION_DAYS) is None

    assert num_rows(session, ended) > 0
    assert find_run(session, workspace_id, ended.id).telemetry_dropped_at is None


def test_young_months_stay(work: UnitOfWork, workspace_id: UUID) -> None:
    run = claimed_run(work.session, workspace_id)
    measured(work.session, run)
    ensure_partitions(work.session)
    drop_old_telemetry(work, retention_days=RETENTION_DAYS)

    assert drop_old_telemetry(work, retention_days=1) is None
    assert num_rows(work.session, run) > 0


def test_what_is_dropped_takes_up_nothing_any_more(work: UnitOfWork, workspace_id: UUID) -> None:
    an_old_run(work.session, workspace_id)
    before = usage_of(work.session, workspace_id)
    drop_old_telemetry(work, retention_days=RETENTION_DAYS)
    after = usage_of(work.session, workspace_id)

    assert before.rows == 1
    assert before.storage_bytes > 0
    assert (after.rows, after.storage_bytes) == (0, 0)


def test_a_run_may_be_measured_again_after_the_drop(work: UnitOfWork, workspace_id: UUID) -> None:
    session = work.session
    old = an_old_run(session, workspace_id)
    drop_old_telemetry(work, retention_days=RETENTION_DAYS)
    enqueue_again(session, old, spec=old.spec, expected_rows=0)
    run = claimed(session, old.id)

    append_batch(session, run_id=run.id, attempt=2, seq=0, batch=a_batch())

    assert num_rows(session, run) == 1
    partition = "SELECT tableoid::regclass::text FROM telemetry_chunks WHERE run_id = :id"
    assert session.execute(text(partition), {"id": run.id}).scalar_one().endswith("_default")
