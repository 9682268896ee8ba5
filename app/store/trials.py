"""Trials: stored with their arms, and advanced by whoever holds the lock of the row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.orm import Session

from app.domain.errors import NotFound, TrialInProgress
from app.domain.runs import Run
from app.domain.trials.trial import (
    Arm,
    Outcome,
    Place,
    RunStop,
    Trial,
    TrialEnd,
    TrialRun,
    TrialStatus,
    TrialUntil,
)
from app.store.documents import decode, encode
from app.store.ids import new_id
from app.store.run_rows import run_of
from app.store.tables import runs, trial_runs, trials
from app.store.times import database_now

_ARMS = TypeAdapter(tuple[Arm, ...])
_OUTCOME = TypeAdapter(Outcome)
#: Rows of one trial at most, of which a page reads several.
_ORDER = (trial_runs.c.trial_id, trial_runs.c.seed, trial_runs.c.arm)


def new_trial_id() -> UUID:
    """Returns the id of a new trial, from which its seeds are drawn."""
    return new_id()


def insert_trial(  # noqa: PLR0913 - a trial's columns, each by its name
    session: Session,
    *,
    trial_id: UUID,
    workspace_id: UUID,
    run_id: UUID,
    arms: Sequence[Arm],
    seeds: Sequence[int],
    budget: float,
    run_seconds: float,
    own: Outcome | None,
    until: TrialUntil,
) -> Trial:
    """Inserts a trial without runs. Raises TrialInProgress when the run has one already."""
    values = {
        "id": trial_id,
        "workspace_id": workspace_id,
        "run_id": run_id,
        "arms": encode(_ARMS.dump_python(tuple(arms), mode="json")),
        "seeds": list(seeds),
        "budget": budget,
        "run_seconds": run_seconds,
        "own": None if own is None else _document_of(own),
        "until": until.value,
    }
    statement = insert_unless_there(trials).values(values).on_conflict_do_nothing()
    row = session.execute(statement.returning(*trials.c)).mappings().one_or_none()
    if row is None:
        raise TrialInProgress
    return _trial_of(row, ())


def add_run(session: Session, *, trial_id: UUID, arm: int, seed: int, run_id: UUID | None) -> None:
    """Adds the run of an arm with a seed, of which there is one at most. None: it was refused."""
    values = {"trial_id": trial_id, "arm": arm, "seed": seed, "run_id": run_id}
    session.execute(insert(trial_runs).values(values))


def find_trial(session: Session, workspace_id: UUID, run_id: UUID, trial_id: UUID) -> Trial:
    """Raises NotFound."""
    owned = (
        trials.c.id == trial_id,
        trials.c.run_id == run_id,
        trials.c.workspace_id == workspace_id,
    )
    row = session.execute(select(trials).where(*owned)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _with_runs(session, [row])[0]


def page_of_trials(
    session: Session,
    workspace_id: UUID,
    run_id: UUID,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> list[Trial]:
    """Returns trials of a run, newest first; `after` is the place of the previous page's last."""
    statement = select(trials).where(
        trials.c.run_id == run_id, trials.c.workspace_id == workspace_id
    )
    if after is not None:
        statement = statement.where(tuple_(trials.c.created_at, trials.c.id) < after)
    newest = (trials.c.created_at.desc(), trials.c.id.desc())
    rows = session.execute(statement.order_by(*newest).limit(limit)).mappings().all()
    return _with_runs(session, rows)


def running_trial_ids(session: Session) -> list[UUID]:
    """Returns the trials that have not ended, the oldest first."""
    statement = select(trials.c.id).where(trials.c.ended_at.is_(None))
    return list(session.execute(statement.order_by(trials.c.id)).scalars())


def running_trial_of(session: Session, run_id: UUID) -> UUID | None:
    """Returns the trial that has not ended and that a run is a part of; None without one."""
    statement = (
        select(trials.c.id)
        .join(trial_runs, trial_runs.c.trial_id == trials.c.id)
        .where(trial_runs.c.run_id == run_id, trials.c.ended_at.is_(None))
    )
    return session.execute(statement).scalar_one_or_none()


def lock_trial(session: Session, trial_id: UUID, *, waits: bool) -> Trial | None:
    """Locks a trial that has not ended until the end of the transaction.

    Returns None when it has ended or, unless the call `waits`, when another transaction holds it.
    """
    statement = (
        select(trials)
        .where(trials.c.id == trial_id, trials.c.ended_at.is_(None))
        .with_for_update(skip_locked=not waits)
    )
    row = session.execute(statement).mappings().one_or_none()
    return None if row is None else _with_runs(session, [row])[0]


def members_of(session: Session, trial_ids: Sequence[UUID]) -> Mapping[UUID, Run]:
    """Returns the runs of trials that were not deleted, by their ids."""
    statement = (
        select(runs)
        .join(trial_runs, trial_runs.c.run_id == runs.c.id)
        .where(trial_runs.c.trial_id.in_(trial_ids))
    )
    found = (run_of(row) for row in session.execute(statement).mappings())
    return {run.id: run for run in found}


def record_outcome(
    session: Session, *, trial_id: UUID, arm: int, seed: int, outcome: Outcome
) -> None:
    """Stores what became of a run. The caller has locked the trial."""
    statement = update(trial_runs).where(
        trial_runs.c.trial_id == trial_id, trial_runs.c.arm == arm, trial_runs.c.seed == seed
    )
    session.execute(statement.values(outcome=_document_of(outcome)))


def note_stop(session: Session, *, trial_id: UUID, place: Place, reason: RunStop) -> None:
    """Stores why a run is stopped; keeps an earlier reason. The caller has locked the trial."""
    arm, seed = place
    statement = update(trial_runs).where(
        trial_runs.c.trial_id == trial_id,
        trial_runs.c.arm == arm,
        trial_runs.c.seed == seed,
        trial_runs.c.stopped_for.is_(None),
    )
    session.execute(statement.values(stopped_for=reason.value))


def end_trial(session: Session, trial_id: UUID, *, status: TrialStatus, reason: TrialEnd) -> None:
    """Ends a trial that the caller has locked."""
    values = {
        "status": status.value,
        "end_reason": reason.value,
        "ended_at": database_now(),
        "version": trials.c.version + 1,
    }
    session.execute(update(trials).where(trials.c.id == trial_id).values(values))


def _with_runs(session: Session, rows: Sequence[RowMapping]) -> list[Trial]:
    statement = select(trial_runs).where(trial_runs.c.trial_id.in_([row["id"] for row in rows]))
    found: dict[UUID, list[TrialRun]] = {row["id"]: [] for row in rows}
    for row in session.execute(statement.order_by(*_ORDER)).mappings():
        found[row["trial_id"]].append(_trial_run_of(row))
    return [_trial_of(row, found[row["id"]]) for row in rows]


def _trial_of(row: RowMapping, members: Sequence[TrialRun]) -> Trial:
    return Trial(
        id=row["id"],
        workspace_id=row["workspace_id"],
        run_id=row["run_id"],
        status=TrialStatus(row["status"]),
        end_reason=None if row["end_reason"] is None else TrialEnd(row["end_reason"]),
        version=row["version"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        arms=_ARMS.validate_python(decode(row["arms"])),
        seeds=tuple(row["seeds"]),
        budget=row["budget"],
        run_seconds=row["run_seconds"],
        own=None if row["own"] is None else _OUTCOME.validate_python(decode(row["own"])),
        until=TrialUntil(row["until"]),
        runs=tuple(members),
    )


def _trial_run_of(row: RowMapping) -> TrialRun:
    outcome = row["outcome"]
    return TrialRun(
        arm=row["arm"],
        seed=row["seed"],
        run_id=row["run_id"],
        outcome=None if outcome is None else _OUTCOME.validate_python(decode(outcome)),
        stopped_for=None if row["stopped_for"] is None else RunStop(row["stopped_for"]),
    )


def _document_of(outcome: Outcome) -> object:
    return encode(_OUTCOME.dump_python(outcome, mode="json"))
