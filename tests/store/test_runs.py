"""Runs as their owners see them: their workspace's alone, newest first, moved legally only."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import IllegalTransition, NotFound
from app.domain.events import EventKind
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.job import JobSpec
from app.store.claims import finish
from app.store.diagnoses import save_diagnosis
from app.store.events import LogEnd, events_after, log_end
from app.store.preflights import insert_preflight
from app.store.run_lists import RunFilters, page_of_runs
from app.store.runs import count_by_status, delete_run, find_run, request_cancel, update_labels
from app.store.tables import metadata
from app.store.telemetry import append_batch
from app.store.workspaces import insert_workspace
from tests.domain.builders import job, scores
from tests.store.builders import (
    a_batch,
    a_diagnosis,
    a_finding,
    a_profile,
    claimed_run,
    queued_run,
)

NO_FILTERS = RunFilters()


def test_a_run_is_found_as_it_was_submitted(session: Session, workspace_id: UUID) -> None:
    spec = job(model={"kind": "lstm"})

    made = queued_run(session, workspace_id, spec=spec, name="näme", tags=("a", "b"), notes="n")
    found = find_run(session, workspace_id, made.id)

    assert found == made
    assert found.spec == spec
    assert (found.name, found.tags, found.notes) == ("näme", ("a", "b"), "n")
    assert (found.status, found.attempt) == (RunStatus.QUEUED, 0)
    assert found.created_at.tzinfo is not None


def test_another_workspace_s_run_is_not_there(session: Session, workspace_id: UUID) -> None:
    theirs = queued_run(session, insert_workspace(session, name="theirs").id)

    for act in (find_run, request_cancel, delete_run, update_labels):
        with pytest.raises(NotFound):
            act(session, workspace_id, theirs.id)
    assert page_of_runs(session, workspace_id, filters=NO_FILTERS, limit=10, after=None) == []


def test_a_run_whose_data_set_is_gone_is_refused(session: Session, workspace_id: UUID) -> None:
    spec = TypeAdapter(JobSpec).validate_python(
        {"model": {"kind": "gru"}, "dataset": {"kind": "text", "dataset_id": str(uuid4())}}
    )

    with pytest.raises(NotFound):
        queued_run(session, workspace_id, spec=spec)


def test_pages_follow_one_another_without_gaps(session: Session, workspace_id: UUID) -> None:
    made = [queued_run(session, workspace_id).id for _ in range(5)]

    after, seen = None, []
    while page := page_of_runs(session, workspace_id, filters=NO_FILTERS, limit=2, after=after):
        seen += [run.id for run in page]
        after = (page[-1].created_at, page[-1].id)

    assert seen == made[::-1]


def test_filters_choose_runs(session: Session, workspace_id: UUID) -> None:
    sick = claimed_run(session, workspace_id, spec=job(model={"kind": "gru"}))
    save_diagnosis(session, run_id=sick.id, attempt=1, diagnosis=a_diagnosis(a_finding()))
    finish(session, run_id=sick.id, attempt=1, stop_reason=StopReason.DIVERGED)
    plain = queued_run(session, workspace_id, name="50% of it", tags=("x",), notes="Quiet")
    moment = plain.created_at
    before, later = moment - timedelta(days=1), moment + timedelta(days=1)
    cases: tuple[tuple[RunFilters, set[UUID]], ...] = (
        (RunFilters(statuses=("succeeded", "failed")), {sick.id}),
        (RunFilters(statuses=("queued",)), {plain.id}),
        (RunFilters(verdicts=("sick",)), {sick.id}),
        (RunFilters(stop_reasons=("diverged",)), {sick.id}),
        (RunFilters(findings=("vanishing_gradient", "non_finite")), {sick.id}),
        (RunFilters(findings=("non_finite",)), set()),
        (RunFilters(tags=("x",)), {plain.id}),
        (RunFilters(tags=("x", "y")), set()),
        (RunFilters(models=("elman",)), {plain.id}),
        (RunFilters(datasets=("adding",)), {sick.id, plain.id}),
        (RunFilters(words="0% OF"), {plain.id}),
        (RunFilters(words="qui"), {plain.id}),
        (RunFilters(words="5_%"), set()),
        (RunFilters(created_after=before), {sick.id, plain.id}),
        (RunFilters(created_after=later), set()),
        (RunFilters(created_before=later), {sick.id, plain.id}),
        (RunFilters(created_before=before), set()),
        (RunFilters(ended_after=before), {sick.id}),
        (RunFilters(parent_id=sick.id), set()),
        (RunFilters(dataset_id=sick.id), set()),
    )

    for filters, wanted in cases:
        page = page_of_runs(session, workspace_id, filters=filters, limit=10, after=None)
        assert {run.id for run in page} == wanted, filters


def test_labels_change_and_the_spec_does_not(session: Session, workspace_id: UUID) -> None:
    run = queued_run(session, workspace_id, name="old", notes="old")

    update_labels(session, workspace_id, run.id, name="new", tags=("t",))
    found = find_run(session, workspace_id, run.id)

    assert found == replace(run, name="new", tags=("t",), version=run.version + 1)


def test_a_queued_run_is_cancelled_at_once(session: Session, workspace_id: UUID) -> None:
    run = queued_run(session, workspace_id)

    cancelled = request_cancel(session, workspace_id, run.id)

    assert (cancelled.status, cancelled.stop_reason) == (
        RunStatus.CANCELLED,
        StopReason.CANCELLED,
    )
    kinds = [event.kind for event in events_after(session, run.id, 0, 10)]
    assert kinds == [EventKind.STATUS, EventKind.STATUS, EventKind.END]


def test_a_running_run_is_asked_once(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    asked = request_cancel(session, workspace_id, run.id)
    again = request_cancel(session, workspace_id, run.id)

    assert asked.status is RunStatus.RUNNING
    assert asked.cancel_requested_at is not None
    assert again == asked


def test_an_ended_run_cannot_be_cancelled(session: Session, workspace_id: UUID) -> None:
    run = queued_run(session, workspace_id)
    request_cancel(session, workspace_id, run.id)

    with pytest.raises(IllegalTransition, match="cancelled"):
        request_cancel(session, workspace_id, run.id)


def test_a_deleted_run_leaves_nothing(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    batch = a_batch(readings=(*scores({0: 1.0}), a_profile()))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)
    save_diagnosis(session, run_id=run.id, attempt=1, diagnosis=a_diagnosis(a_finding()))

    delete_run(session, workspace_id, run.id)

    for table in metadata.tables.values():
        if "run_id" in table.c:
            left = select(func.count()).select_from(table).where(table.c.run_id == run.id)
            assert session.execute(left).scalar_one() == 0, table.name
    with pytest.raises(NotFound):
        find_run(session, workspace_id, run.id)


def test_runs_are_counted(session: Session, workspace_id: UUID) -> None:
    claimed_run(session, workspace_id)
    ended = queued_run(session, workspace_id)
    request_cancel(session, workspace_id, ended.id)
    queued_run(session, workspace_id)

    counted = count_by_status(session)

    assert (counted["running"], counted["cancelled"], counted["failed"]) == (1, 1, 0)


def test_preflights_are_counted_apart(session: Session, workspace_id: UUID) -> None:
    queued_run(session, workspace_id)
    insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=1)
    insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=1)

    assert count_by_status(session)["queued"] == 1
    assert count_by_status(session, preflights=True)["queued"] == 2


def test_events_are_numbered_without_gaps(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    for seq in range(3):
        batch = a_batch(first_step=4 * seq, readings=scores({4 * seq: 1.0}))
        append_batch(session, run_id=run.id, attempt=1, seq=seq, batch=batch)

    numbers = [event.number for event in events_after(session, run.id, 0, 100)]

    assert numbers == list(range(1, 9))
    assert log_end(session, run.id) == LogEnd(next_number=9, is_over=False)
    assert log_end(session, uuid4()) is None
    assert [event.number for event in events_after(session, run.id, 6, 1)] == [7]
