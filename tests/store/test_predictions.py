"""Predictions are claimed in turns, under attempts, and none is lost or kept for ever."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import Fenced, IllegalTransition, NotFound
from app.domain.predictions import (
    KEPT_FOR,
    MAX_ATTEMPTS,
    MAX_KEPT,
    QUEUED_FOR,
    Failure,
    Prediction,
    Source,
)
from app.domain.runs import RunStatus
from app.services.predictions.claim_prediction import claim_prediction
from app.store.database import UnitOfWork
from app.store.predictions import (
    cancel_prediction,
    find_prediction,
    finish_prediction,
    forget_old_predictions,
    insert_prediction,
    num_unfinished,
    read_answer,
    read_source,
    renew_prediction,
    requeue_prediction,
)
from app.store.tables import predictions, workers
from app.store.times import database_now
from app.store.usage import usage_of
from app.store.workspaces import insert_workspace, suspend
from tests.store.builders import LEASE_S, a_worker, queued_run

CSV = Source(kind="csv", content=b"y\n1\n")


def queued(session: Session, workspace_id: UUID, run_id: UUID | None = None) -> Prediction:
    return insert_prediction(
        session,
        workspace_id=workspace_id,
        run_id=run_id or queued_run(session, workspace_id).id,
        weights="final",
        source=CSV,
    )


def claim(session: Session, *, worker_id: UUID | None = None) -> Prediction | None:
    return claim_prediction(
        UnitOfWork(session), worker_id=worker_id or a_worker(session), lease_s=LEASE_S
    )


def lose_worker(session: Session) -> None:
    past = database_now() - timedelta(seconds=1)
    is_running = predictions.c.status == "running"
    session.execute(update(predictions).where(is_running).values(lease_expires_at=past))


def test_a_prediction_is_claimed_once(session: Session, workspace_id: UUID) -> None:
    made = queued(session, workspace_id)

    found, none = claim(session), claim(session)

    assert found is not None
    assert (found.id, found.status, found.attempt) == (made.id, RunStatus.RUNNING, 1)
    assert none is None
    assert read_source(session, prediction_id=made.id, attempt=1)[1] == CSV


def test_workspaces_take_turns(session: Session, workspace_id: UUID) -> None:
    mine = [queued(session, workspace_id) for _ in range(3)]
    theirs = queued(session, insert_workspace(session, name="theirs").id)

    order = [claim(session) for _ in range(4)]

    assert [each and each.id for each in order] == [mine[0].id, theirs.id, mine[1].id, mine[2].id]


def test_neither_a_drained_worker_nor_a_suspended_workspace_is_served(
    session: Session, workspace_id: UUID
) -> None:
    queued(session, workspace_id)
    drained = a_worker(session)
    session.execute(
        update(workers).where(workers.c.id == drained).values(drain_requested_at=database_now())
    )

    assert claim(session, worker_id=drained) is None
    suspend(session, workspace_id)
    assert claim(session) is None


def test_a_lost_worker_is_replaced_and_its_writes_are_refused(
    session: Session, workspace_id: UUID
) -> None:
    made = queued(session, workspace_id)
    claim(session)
    lose_worker(session)

    again = claim(session)

    assert again is not None
    assert (again.id, again.attempt) == (made.id, 2)
    with pytest.raises(Fenced):
        renew_prediction(session, prediction_id=made.id, attempt=1, lease_s=LEASE_S)
    with pytest.raises(Fenced):
        finish_prediction(session, prediction_id=made.id, attempt=1, outcome="{}")
    finish_prediction(session, prediction_id=made.id, attempt=2, outcome="{}")
    assert read_answer(session, made.id) == "{}"


def test_a_prediction_that_loses_every_worker_fails(session: Session, workspace_id: UUID) -> None:
    made = queued(session, workspace_id)
    for _ in range(MAX_ATTEMPTS):
        assert claim(session) is not None
        lose_worker(session)

    assert claim(session) is None

    found = find_prediction(session, workspace_id, made.id)
    assert found.status is RunStatus.FAILED
    assert found.failure is not None
    assert found.failure.code == "unavailable"


def test_a_crash_counts_and_a_worker_that_stops_does_not(
    session: Session, workspace_id: UUID
) -> None:
    made = queued(session, workspace_id)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claim(session)
        requeue_prediction(session, prediction_id=made.id, attempt=attempt, is_charged=False)
    last = claim(session)
    assert last is not None

    requeue_prediction(session, prediction_id=made.id, attempt=last.attempt, is_charged=True)

    assert find_prediction(session, workspace_id, made.id).status is RunStatus.FAILED


def test_a_cancelled_prediction_stays_so(session: Session, workspace_id: UUID) -> None:
    made = queued(session, workspace_id)
    claim(session)

    cancelled = cancel_prediction(session, workspace_id, made.id)

    assert cancelled.status is RunStatus.CANCELLED
    with pytest.raises(Fenced):
        finish_prediction(session, prediction_id=made.id, attempt=1, outcome="{}")
    with pytest.raises(IllegalTransition):
        cancel_prediction(session, workspace_id, made.id)


def test_an_end_leaves_the_answer_or_the_failure_and_drops_the_rows(
    session: Session, workspace_id: UUID
) -> None:
    before = usage_of(session, workspace_id).storage_bytes
    made = queued(session, workspace_id)
    assert usage_of(session, workspace_id).storage_bytes == before + len(CSV.content)
    failure = Failure(code="invalid_data", detail="row 2")
    claim(session)

    finish_prediction(session, prediction_id=made.id, attempt=1, outcome=failure)

    assert find_prediction(session, workspace_id, made.id).failure == failure
    assert usage_of(session, workspace_id).storage_bytes == before
    content = select(predictions.c.source_content).where(predictions.c.id == made.id)
    assert session.execute(content).scalar_one() is None


def test_ended_ones_are_forgotten_by_age_and_by_number(
    session: Session, workspace_id: UUID
) -> None:
    run_id = queued_run(session, workspace_id).id
    made = [queued(session, workspace_id, run_id) for _ in range(MAX_KEPT + 2)]
    for each in made:
        cancel_prediction(session, workspace_id, each.id)
    last = queued(session, workspace_id, run_id)
    with pytest.raises(NotFound):
        find_prediction(session, workspace_id, made[0].id)
    find_prediction(session, workspace_id, made[-1].id)
    old = database_now() - KEPT_FOR - timedelta(seconds=1)
    session.execute(
        update(predictions).where(predictions.c.ended_at.is_not(None)).values(ended_at=old)
    )

    forget_old_predictions(session)

    with pytest.raises(NotFound):
        find_prediction(session, workspace_id, made[-1].id)
    assert find_prediction(session, workspace_id, last.id).status is RunStatus.QUEUED


def test_one_that_no_worker_takes_fails(session: Session, workspace_id: UUID) -> None:
    made = queued(session, workspace_id)
    assert num_unfinished(session, workspace_id) == 1
    old = database_now() - QUEUED_FOR - timedelta(seconds=1)
    session.execute(update(predictions).values(created_at=old))

    forget_old_predictions(session)

    assert num_unfinished(session, workspace_id) == 0
    assert find_prediction(session, workspace_id, made.id).status is RunStatus.FAILED
