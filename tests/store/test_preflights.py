"""Preflights: claimed like any run and before them, seen by no list of runs, kept for a day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.runs import StopReason
from app.store.claims import claim_next_run, finish
from app.store.preflights import (
    KEPT_FOR,
    find_preflight,
    forget_old_preflights,
    insert_preflight,
)
from app.store.run_lists import RunFilters, page_of_runs
from app.store.runs import delete_run, find_run, request_cancel, runs_within, update_labels
from app.store.tables import runs
from app.store.times import database_now
from app.store.workspaces import insert_workspace
from tests.domain.builders import job
from tests.store.builders import CPU, LEASE_S, a_worker, queued_run


def test_a_preflight_is_found_as_one_by_its_workspace_alone(
    session: Session, workspace_id: UUID
) -> None:
    made = insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=7)
    run = queued_run(session, workspace_id)
    theirs = insert_workspace(session, name="theirs").id

    assert find_preflight(session, workspace_id, made.id) == made
    assert made.preflight_steps == 7
    for owner, wanted in ((theirs, made.id), (workspace_id, run.id)):
        with pytest.raises(NotFound):
            find_preflight(session, owner, wanted)


@pytest.mark.parametrize("act", [find_run, request_cancel, delete_run, update_labels])
def test_a_preflight_is_no_run_to_those_who_ask_for_runs(
    session: Session, workspace_id: UUID, act: Callable[..., Any]
) -> None:
    made = insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=0)

    with pytest.raises(NotFound):
        act(session, workspace_id, made.id)

    page = page_of_runs(session, workspace_id, filters=RunFilters(), limit=10, after=None)
    overview = text("SELECT count(*) FROM run_overview WHERE run_id = :id")
    assert page == []
    assert runs_within(session, workspace_id, [made.id]) == frozenset()
    assert session.execute(overview, {"id": made.id}).scalar_one() == 0


def test_a_preflight_is_claimed_before_runs_that_wait_longer(
    session: Session, workspace_id: UUID
) -> None:
    queued_run(session, workspace_id)
    made = insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=0)

    claimed = claim_next_run(session, worker_id=a_worker(session), devices=CPU, lease_s=LEASE_S)

    assert claimed is not None
    assert (claimed.id, claimed.preflight_steps) == (made.id, 0)


def test_a_worker_may_claim_runs_alone(session: Session, workspace_id: UUID) -> None:
    run = queued_run(session, workspace_id)
    insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=0)
    worker_id = a_worker(session)

    claimed = [
        claim_next_run(
            session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S, with_preflights=False
        )
        for _ in range(2)
    ]

    assert [one and one.id for one in claimed] == [run.id, None]


@pytest.mark.parametrize(("age", "is_kept"), [(timedelta(hours=1), True), (KEPT_FOR, False)])
def test_an_answer_is_kept_for_a_day_and_runs_for_ever(
    session: Session, workspace_id: UUID, age: timedelta, *, is_kept: bool
) -> None:
    ended = {}
    for preflight_steps in (5, None):
        made = insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=5)
        run = claim_next_run(session, worker_id=a_worker(session), devices=CPU, lease_s=LEASE_S)
        assert run is not None
        finish(session, run_id=run.id, attempt=run.attempt, stop_reason=StopReason.COMPLETED)
        values = {
            "ended_at": database_now() - age - timedelta(seconds=1),
            "preflight_steps": preflight_steps,
        }
        session.execute(update(runs).where(runs.c.id == made.id).values(values))
        ended[preflight_steps] = made.id

    forget_old_preflights(session)

    left = set(session.execute(select(runs.c.id)).scalars())
    assert (ended[5] in left) is is_kept
    assert ended[None] in left
