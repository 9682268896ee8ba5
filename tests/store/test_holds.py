"""Runs that wait for space in the artifact folder are claimed by nobody until they are lifted."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.domain.artifact_space import ARTIFACT_SPACE
from app.domain.errors import Fenced
from app.domain.runs import RunStatus
from app.store.claims import claim_next_run
from app.store.events import events_after
from app.store.holds import count_held, is_any_held, lift_hold, requeue_held, space_wanted
from app.store.queue_order import queued_ids
from app.store.runs import find_run, request_cancel
from app.store.workers import waiting_for
from tests.store.builders import CPU, LEASE_S, a_worker, claimed, claimed_run

FULL = "The artifact folder is full."


def held_run(session: Session, workspace_id: UUID, *, wanted_bytes: int = 700) -> UUID:
    run = claimed_run(session, workspace_id)
    requeue_held(
        session, run_id=run.id, attempt=run.attempt, wanted_bytes=wanted_bytes, detail=FULL
    )
    return run.id


def claim_any(session: Session) -> UUID | None:
    run = claim_next_run(session, worker_id=a_worker(session), devices=CPU, lease_s=LEASE_S)
    return None if run is None else run.id


def test_a_held_run_is_queued_uncharged_and_says_what_it_waits_for(
    session: Session, workspace_id: UUID
) -> None:
    run_id = held_run(session, workspace_id)

    run = find_run(session, workspace_id, run_id)
    assert (run.status, run.crash_count) == (RunStatus.QUEUED, 0)
    assert waiting_for(session, run) == ARTIFACT_SPACE
    last = events_after(session, run_id, 0, 100)[-1]
    assert (last.data["reason"], last.data["detail"]) == (ARTIFACT_SPACE, FULL)
    assert count_held(session) == 1


def test_a_held_run_is_neither_claimed_nor_announced_before_it_is_lifted(
    session: Session, workspace_id: UUID
) -> None:
    run_id = held_run(session, workspace_id)
    before = find_run(session, workspace_id, run_id).version

    assert claim_any(session) is None
    assert queued_ids(session, older_than_s=-60, limit=9, max_running_runs=9) == ()
    assert lift_hold(session, run_id)

    assert find_run(session, workspace_id, run_id).version > before
    assert queued_ids(session, older_than_s=-60, limit=9, max_running_runs=9) == (run_id,)
    assert claim_any(session) == run_id
    assert not is_any_held(session)


def test_a_run_wants_its_space_until_training_begins(session: Session, workspace_id: UUID) -> None:
    run_id = held_run(session, workspace_id)
    other_id = held_run(session, workspace_id, wanted_bytes=40)
    lift_hold(session, run_id)

    found = {(one.run_id, one.num_bytes, one.is_held) for one in space_wanted(session)}
    claimed(session, run_id)

    assert found == {(run_id, 700, False), (other_id, 40, True)}
    assert {one.run_id for one in space_wanted(session)} == {other_id}


def test_a_held_run_can_be_cancelled(session: Session, workspace_id: UUID) -> None:
    run_id = held_run(session, workspace_id)

    cancelled = request_cancel(session, workspace_id, run_id)

    assert cancelled.status is RunStatus.CANCELLED
    assert waiting_for(session, cancelled) is None
    assert (count_held(session), space_wanted(session)) == (0, ())
    assert not is_any_held(session)
    assert not lift_hold(session, run_id)


def test_a_stale_attempt_holds_nothing(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    with pytest.raises(Fenced):
        requeue_held(session, run_id=run.id, attempt=run.attempt - 1, wanted_bytes=1, detail=FULL)
