"""Runs that ended with the wish that their remedies are tried."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.events import EventKind
from app.store.documents import storable
from app.store.fence import NewEvent, change_run
from app.store.tables import runs

#: A sweep starts at most so many trials; the next one goes on with the others.
MAX_PER_SWEEP = 100


def runs_wanting_trial(session: Session) -> Sequence[tuple[UUID, UUID]]:
    """Returns workspace and run of the oldest, at most `MAX_PER_SWEEP`; an index answers."""
    statement = select(runs.c.workspace_id, runs.c.id).where(runs.c.wants_trial)
    found = session.execute(statement.order_by(runs.c.id).limit(MAX_PER_SWEEP))
    return [(row.workspace_id, row.id) for row in found]


def lock_wanting_trial(session: Session, run_id: UUID) -> bool:
    """Locks a run until the end of the transaction.

    Returns False when it wants no trial any more, or another transaction holds it.
    """
    statement = (
        select(runs.c.id)
        .where(runs.c.id == run_id, runs.c.wants_trial)
        .with_for_update(skip_locked=True)
    )
    return session.execute(statement).one_or_none() is not None


def note_trial(session: Session, run_id: UUID, *, trial_id: UUID | None, error: str | None) -> None:
    """Stores that a trial was started, or why none can be. The caller has locked the run."""
    data: dict[str, JsonValue] = {
        "trial_id": None if trial_id is None else str(trial_id),
        "error": None if error is None else storable(error),
    }
    log = (NewEvent(kind=EventKind.TRIAL, data=data),)
    change_run(session, runs.c.id == run_id, values={"wants_trial": False}, log=log)
