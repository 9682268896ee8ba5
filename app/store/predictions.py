"""Predictions by the weights of runs: their requests, and what workers make of them.

A row is claimed as a run is: under an attempt that fences the writes of earlier workers, with a
lease. Another worker claims it once the lease has passed.
"""

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.domain.errors import Fenced, IllegalTransition, NotFound, Problem, Unavailable
from app.domain.predictions import (
    KEPT_FOR,
    MAX_ATTEMPTS,
    MAX_KEPT,
    QUEUED_FOR,
    Failure,
    Prediction,
    Source,
    Weights,
)
from app.domain.runs import RunStatus
from app.store.documents import encode
from app.store.ids import new_id
from app.store.locks import lock_number, take_lock
from app.store.tables import predictions, workspaces
from app.store.times import database_now, seconds_from_now

_LOST = f"Each of {MAX_ATTEMPTS} workers was lost while it computed the prediction."
_NOT_TAKEN = f"No worker took the prediction within {QUEUED_FOR.total_seconds() / 60:g} minutes."
#: All but the rows and the answer, which may be large.
_COLUMNS = tuple(
    column for column in predictions.c if column.name not in {"source_content", "answer"}
)


def lock_predictions(session: Session, workspace_id: UUID) -> None:
    """Keeps other requests from inserting predictions until the transaction ends."""
    take_lock(session, lock_number("predictions", str(workspace_id)))


def num_unfinished(session: Session, workspace_id: UUID) -> int:
    statement = select(func.count()).where(
        predictions.c.workspace_id == workspace_id, predictions.c.ended_at.is_(None)
    )
    return session.execute(statement).scalar_one()


def insert_prediction(
    session: Session, *, workspace_id: UUID, run_id: UUID, weights: Weights, source: Source
) -> Prediction:
    """Inserts a queued prediction, and forgets the oldest ended ones of the workspace."""
    ended = (
        select(predictions.c.id)
        .where(predictions.c.workspace_id == workspace_id, predictions.c.ended_at.is_not(None))
        .order_by(predictions.c.ended_at.desc())
        .offset(MAX_KEPT - 1)
    )
    session.execute(delete(predictions).where(predictions.c.id.in_(ended)))
    values = {
        "id": new_id(),
        "workspace_id": workspace_id,
        "run_id": run_id,
        "weights": weights,
        "source_kind": source.kind,
        "source_content": source.content if source.dataset_id is None else None,
        "dataset_id": source.dataset_id,
        "num_bytes": len(source.content),
    }
    statement = insert(predictions).values(values).returning(*_COLUMNS)
    return _prediction_of(session.execute(statement).mappings().one())


def find_prediction(session: Session, workspace_id: UUID, prediction_id: UUID) -> Prediction:
    """Raises NotFound."""
    statement = select(*_COLUMNS).where(
        predictions.c.id == prediction_id, predictions.c.workspace_id == workspace_id
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _prediction_of(row)


def read_answer(session: Session, prediction_id: UUID) -> str | None:
    """Returns the stored JSON; None unless the prediction has succeeded."""
    statement = select(predictions.c.answer).where(predictions.c.id == prediction_id)
    return session.execute(statement).scalar_one_or_none()


def cancel_prediction(session: Session, workspace_id: UUID, prediction_id: UUID) -> Prediction:
    """Ends a prediction; its worker stops at its next heartbeat, since its writes are refused.

    Raises NotFound, and IllegalTransition when the prediction has ended.
    """
    owned = (predictions.c.id == prediction_id, predictions.c.workspace_id == workspace_id)
    row = _changed(session, *owned, predictions.c.ended_at.is_(None), values=_end("cancelled"))
    if row is not None:
        return _prediction_of(row)
    found = find_prediction(session, workspace_id, prediction_id)
    detail = f"The prediction has ended: it is {found.status}."
    raise IllegalTransition(detail)


def claim_prediction(session: Session, *, lease_s: float) -> Prediction | None:
    """Claims the next prediction, or one whose worker was lost; None where none waits.

    Workspaces take turns: the one comes first for which a prediction began the longest ago.
    """
    row = _lock_next(session)
    if row is None:
        return None
    if row["status"] == RunStatus.RUNNING.value and row["attempt"] >= MAX_ATTEMPTS:
        failure = Failure(code=Unavailable.code, detail=_LOST)
        _changed(session, predictions.c.id == row["id"], values=_failed(failure))
        return None
    values = {
        "status": RunStatus.RUNNING.value,
        "attempt": predictions.c.attempt + 1,
        "lease_expires_at": seconds_from_now(lease_s),
        "started_at": database_now(),
    }
    claimed = _changed(session, predictions.c.id == row["id"], values=values)
    return None if claimed is None else _prediction_of(claimed)


def read_source(
    session: Session, *, prediction_id: UUID, attempt: int
) -> tuple[Prediction, Source]:
    """Returns a running prediction and what it is made from. Raises Fenced."""
    statement = select(*_COLUMNS, predictions.c.source_content)
    row = (
        session.execute(statement.where(*_is_running(prediction_id, attempt)))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise Fenced
    source = Source(
        kind=row["source_kind"],
        content=row["source_content"] or b"",
        dataset_id=row["dataset_id"],
    )
    return _prediction_of(row), source


def renew_prediction(
    session: Session, *, prediction_id: UUID, attempt: int, lease_s: float
) -> None:
    """Raises Fenced."""
    statement = update(predictions).where(*_is_running(prediction_id, attempt))
    renewed = statement.values(lease_expires_at=seconds_from_now(lease_s))
    if session.execute(renewed.returning(predictions.c.id)).one_or_none() is None:
        raise Fenced


def finish_prediction(
    session: Session, *, prediction_id: UUID, attempt: int, outcome: str | Failure
) -> None:
    """Stores the answer in JSON, or why there is none. Raises Fenced."""
    if isinstance(outcome, Failure):
        values = _failed(outcome)
    else:
        num_bytes = len(outcome.encode())
        values = {**_end("succeeded"), "answer": outcome, "num_bytes": num_bytes}
    if _changed(session, *_is_running(prediction_id, attempt), values=values) is None:
        raise Fenced


def requeue_prediction(
    session: Session, *, prediction_id: UUID, attempt: int, is_charged: bool
) -> None:
    """Queues it again; where `is_charged`, it fails after MAX_ATTEMPTS. Raises Fenced."""
    if is_charged and attempt >= MAX_ATTEMPTS:
        failure = Failure(code=Unavailable.code, detail=_LOST)
        finish_prediction(session, prediction_id=prediction_id, attempt=attempt, outcome=failure)
        return
    values = {
        "status": RunStatus.QUEUED.value,
        "lease_expires_at": None,
        "started_at": None,
    }
    if _changed(session, *_is_running(prediction_id, attempt), values=values) is None:
        raise Fenced


def forget_old_predictions(session: Session) -> None:
    """Deletes those that ended more than KEPT_FOR ago, and ends those that no worker takes."""
    ended = predictions.c.ended_at < database_now() - KEPT_FOR
    session.execute(delete(predictions).where(ended))
    is_old = predictions.c.created_at < database_now() - QUEUED_FOR
    failure = Failure(code=Unavailable.code, detail=_NOT_TAKEN)
    session.execute(
        update(predictions)
        .where(predictions.c.status == RunStatus.QUEUED.value, is_old)
        .values(version=predictions.c.version + 1, **_failed(failure))
    )


def _lock_next(session: Session) -> RowMapping | None:
    others = predictions.alias()
    last_turn = (
        select(func.max(others.c.started_at))
        .where(others.c.workspace_id == predictions.c.workspace_id)
        .scalar_subquery()
    )
    is_lost = and_(
        predictions.c.status == RunStatus.RUNNING.value,
        predictions.c.lease_expires_at < database_now(),
    )
    statement = (
        select(predictions.c.id, predictions.c.status, predictions.c.attempt)
        .join(workspaces, workspaces.c.id == predictions.c.workspace_id)
        .where(
            predictions.c.ended_at.is_(None),
            or_(predictions.c.status == RunStatus.QUEUED.value, is_lost),
            workspaces.c.suspended_at.is_(None),
        )
        .order_by(last_turn.asc().nulls_first(), predictions.c.created_at, predictions.c.id)
        .limit(1)
        .with_for_update(of=predictions, skip_locked=True)
    )
    return session.execute(statement).mappings().one_or_none()


def _is_running(prediction_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
    return (
        predictions.c.id == prediction_id,
        predictions.c.attempt == attempt,
        predictions.c.status == RunStatus.RUNNING.value,
    )


def _changed(
    session: Session, *where: ColumnElement[bool], values: Mapping[str, object]
) -> RowMapping | None:
    statement = (
        update(predictions)
        .where(*where)
        .values(version=predictions.c.version + 1, **values)
        .returning(*_COLUMNS)
    )
    return session.execute(statement).mappings().one_or_none()


def _end(status: str) -> dict[str, object]:
    return {
        "status": RunStatus(status).value,
        "ended_at": database_now(),
        "lease_expires_at": None,
        "source_content": None,
        "num_bytes": literal(0),
    }


def _failed(failure: Failure) -> dict[str, object]:
    return {**_end("failed"), "failure": encode(asdict(failure))}


def _prediction_of(row: RowMapping) -> Prediction:
    stored = row["failure"]
    failure = stored and Failure(
        code=stored["code"],
        detail=stored["detail"],
        problems=tuple(Problem(**each) for each in stored["problems"]),
    )
    names = ("id", "workspace_id", "run_id", "weights", "attempt", "version")
    times = ("created_at", "started_at", "ended_at")
    return Prediction(
        status=RunStatus(row["status"]),
        failure=failure,
        **{name: row[name] for name in (*names, *times)},
    )
