"""Queued runs that no worker may claim until there is space for them in the artifact folder."""

from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from app.domain.artifact_space import ARTIFACT_SPACE, SpaceWanted
from app.domain.events import EventKind
from app.domain.runs import RunStatus, check_transition
from app.store.fence import NewEvent, change_attempt, change_run
from app.store.tables import runs

_UNENDED = (RunStatus.QUEUED.value, RunStatus.RUNNING.value)


def requeue_held(
    session: Session, *, run_id: UUID, attempt: int, wanted_bytes: int, detail: str
) -> None:
    """Puts a running run back into the queue, held until there is space; this is no crash.

    `detail` is one sentence for the client. Raises Fenced when the run no longer belongs to the
    attempt.
    """
    check_transition(RunStatus.RUNNING, RunStatus.QUEUED)
    values = {
        "worker_id": None,
        "lease_expires_at": None,
        "status": RunStatus.QUEUED.value,
        "held_for": ARTIFACT_SPACE,
        "wanted_artifact_bytes": wanted_bytes,
    }
    data: dict[str, JsonValue] = {
        "status": RunStatus.QUEUED.value,
        "attempt": attempt,
        "reason": ARTIFACT_SPACE,
        "detail": detail,
    }
    log = (NewEvent(kind=EventKind.STATUS, data=data),)
    change_attempt(session, run_id=run_id, attempt=attempt, values=values, log=log)


def is_any_held(session: Session) -> bool:
    """Returns whether a run waits for space; a partial index answers."""
    statement = select(runs.c.id).where(runs.c.held_for == ARTIFACT_SPACE).limit(1)
    return session.execute(statement).one_or_none() is not None


def space_wanted(session: Session) -> tuple[SpaceWanted, ...]:
    """Returns all runs that still need space, held or not, oldest first."""
    columns = (runs.c.id, runs.c.wanted_artifact_bytes, runs.c.held_for)
    wanting = select(*columns).where(runs.c.wanted_artifact_bytes.is_not(None))
    # each part by the partial index of its status
    parts = [wanting.where(runs.c.status == status) for status in _UNENDED]
    statement = union_all(*parts).order_by("id")
    return tuple(
        SpaceWanted(
            run_id=row.id,
            num_bytes=row.wanted_artifact_bytes,
            is_held=row.held_for is not None,
        )
        for row in session.execute(statement)
    )


def lift_hold(session: Session, run_id: UUID) -> bool:
    """Lets workers claim the run; returns False when it is not held any more."""
    row = change_run(
        session,
        runs.c.id == run_id,
        runs.c.status == RunStatus.QUEUED.value,
        runs.c.held_for == ARTIFACT_SPACE,
        values={"held_for": None},
    )
    return row is not None


def count_held(session: Session) -> int:
    """Returns how many queued runs wait for space."""
    statement = select(func.count()).where(
        runs.c.held_for == ARTIFACT_SPACE, runs.c.status == RunStatus.QUEUED.value
    )
    return int(session.execute(statement).scalar_one())
