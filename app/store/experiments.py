"""Experiments of runs: those that have ended, and those whose result their parent lacks.

`is_result_due` is set with the end of an experiment, and cleared with the diagnosis of its parent
that has the result. The rows are locked in the order parent, experiment.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from app.domain.diagnosis.case import ExperimentRun
from app.domain.runs import Run
from app.domain.specs.lineage import RunPurpose
from app.domain.trials.plan import outcome_of
from app.store.run_rows import run_of
from app.store.tables import runs

#: Experiments of one run that are read, the newest.
MAX_EXPERIMENTS = 50
#: A sweep judges at most so many runs again; the next one goes on with the others.
MAX_PER_SWEEP = 100


@dataclass(frozen=True, kw_only=True)
class DueResult:
    """An experiment whose result its parent lacks."""

    run_id: UUID
    attempt: int


def ended_experiments(session: Session, parent_id: UUID) -> tuple[ExperimentRun, ...]:
    """Returns the experiments of a run whose ends tell something, the oldest first."""
    statement = (
        select(runs)
        .where(
            runs.c.parent_run_id == parent_id,
            runs.c.purpose == RunPurpose.EXPERIMENT.value,
            runs.c.ended_at.is_not(None),
        )
        .order_by(runs.c.id.desc())
        .limit(MAX_EXPERIMENTS)
    )
    found = [run_of(row) for row in session.execute(statement).mappings()]
    return tuple(one for run in reversed(found) for one in _told_by(run))


def _told_by(run: Run) -> Sequence[ExperimentRun]:
    outcome = outcome_of(run, seconds=0.0)
    if outcome is None or not outcome.is_telling:
        return ()
    return (ExperimentRun(run_id=run.id, spec=run.spec, progress=outcome.judged_progress),)


def runs_to_judge_again(session: Session) -> list[UUID]:
    """Returns ended runs that lack results of experiments, at most `MAX_PER_SWEEP`.

    Running ones are judged anyway.
    """
    parents = aliased(runs, name="parents")
    statement = (
        select(parents.c.id)
        .join(runs, runs.c.parent_run_id == parents.c.id)
        .where(runs.c.is_result_due, parents.c.ended_at.is_not(None))
        .distinct()
        .order_by(parents.c.id)
        .limit(MAX_PER_SWEEP)
    )
    return list(session.execute(statement).scalars())


def due_results(session: Session, parent_id: UUID) -> list[DueResult]:
    statement = select(runs.c.id, runs.c.attempt).where(*_due(parent_id))
    return [DueResult(run_id=row[0], attempt=row[1]) for row in session.execute(statement)]


def find_ended(session: Session, run_id: UUID, *, locks: bool = False) -> Run | None:
    """Returns a run of any workspace; None unless it has ended.

    With `locks` it does not change until the end of the transaction.
    """
    statement = select(runs).where(runs.c.id == run_id, runs.c.ended_at.is_not(None))
    if locks:
        statement = statement.with_for_update(key_share=True)
    row = session.execute(statement).mappings().one_or_none()
    return None if row is None else run_of(row)


def settle_results(session: Session, parent_id: UUID, results: Collection[DueResult]) -> int:
    """Notes that the parent has the results; returns of how many it had not been noted.

    An experiment that has been resumed since is due again at its next end.
    """
    statement = (
        update(runs)
        .where(
            *_due(parent_id),
            tuple_(runs.c.id, runs.c.attempt).in_([(one.run_id, one.attempt) for one in results]),
        )
        .values(is_result_due=False)
    )
    return len(session.execute(statement.returning(runs.c.id)).all())


def _due(parent_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (runs.c.parent_run_id == parent_id, runs.c.is_result_due)
