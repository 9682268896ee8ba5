"""Runs for their owners: every query names the workspace."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.events import EventKind
from app.domain.runs import Run, RunStatus, check_transition
from app.domain.specs.job import JobSpec
from app.domain.specs.lineage import RunPurpose
from app.store.cancellation import cancel
from app.store.fence import NewEvent, append_events, change_run
from app.store.ids import new_id
from app.store.run_rows import run_of
from app.store.tables import runs


def insert_run(  # noqa: PLR0913 - a run's columns, each by its name
    session: Session,
    *,
    workspace_id: UUID,
    spec: JobSpec,
    name: str,
    tags: Sequence[str],
    notes: str,
    parent_run_id: UUID | None = None,
    parent_step: int | None = None,
    purpose: RunPurpose | None = None,
    remedy: str | None = None,
    priority: int = 0,
    preflight_steps: int | None = None,
    expected_rows: int = 0,
    expected_memory_bytes: int = 0,
) -> Run:
    """Inserts a queued run. Raises NotFound when its data set or parent does not exist any more."""
    log = (NewEvent(kind=EventKind.STATUS, data={"status": RunStatus.QUEUED, "attempt": 0}),)
    values = {
        "id": new_id(),
        "workspace_id": workspace_id,
        "name": name,
        "tags": list(tags),
        "notes": notes,
        "spec": spec.model_dump(mode="json"),
        "model_kind": spec.model.kind,
        "dataset_kind": spec.dataset.kind,
        "dataset_id": getattr(spec.dataset, "dataset_id", None),
        "device_wanted": spec.training.device,
        "priority": priority,
        "parent_run_id": parent_run_id,
        "parent_step": parent_step,
        "purpose": purpose,
        "remedy": remedy,
        "preflight_steps": preflight_steps,
        "expected_rows": expected_rows,
        "expected_memory_bytes": expected_memory_bytes,
        "next_event": 1 + len(log),
    }
    try:
        row = session.execute(insert(runs).values(values).returning(*runs.c)).mappings().one()
    except IntegrityError as error:
        detail = "The run's data set or parent is not there any more."
        raise NotFound(detail) from error
    append_events(session, row["id"], first=1, log=log)
    return run_of(row)


def find_run(session: Session, workspace_id: UUID, run_id: UUID) -> Run:
    statement = select(runs).where(*_owned(workspace_id, run_id))
    return run_of(_found(session.execute(statement).mappings().one_or_none()))


def find_version(session: Session, workspace_id: UUID, run_id: UUID) -> int:
    """Returns the version of a run without reading more of it. Raises NotFound."""
    statement = select(runs.c.version).where(*_owned(workspace_id, run_id))
    return int(_found(session.execute(statement).mappings().one_or_none())["version"])


def lock_run(session: Session, workspace_id: UUID, run_id: UUID) -> Run:
    """Returns the run, locked against changes until the end of the transaction. Raises NotFound.

    Forks may still refer to it as their parent.
    """
    owned = select(runs).where(*_owned(workspace_id, run_id))
    statement = owned.with_for_update(key_share=True)
    return run_of(_found(session.execute(statement).mappings().one_or_none()))


def count_by_status(session: Session, *, preflights: bool = False) -> Mapping[str, int]:
    """Returns the number of runs, or of preflights, in each status, over all workspaces."""
    is_preflight = runs.c.preflight_steps.is_not(None)
    counted = is_preflight if preflights else ~is_preflight
    statement = select(runs.c.status, func.count()).where(counted).group_by(runs.c.status)
    found = {row[0]: row[1] for row in session.execute(statement)}
    return {status.value: found.get(status.value, 0) for status in RunStatus}


def runs_within(session: Session, workspace_id: UUID, run_ids: Collection[UUID]) -> frozenset[UUID]:
    """Returns those of the runs that belong to this workspace."""
    statement = select(runs.c.id).where(
        runs.c.id.in_(run_ids),
        runs.c.workspace_id == workspace_id,
        runs.c.preflight_steps.is_(None),
    )
    return frozenset(session.execute(statement).scalars())


def update_labels(
    session: Session,
    workspace_id: UUID,
    run_id: UUID,
    *,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    notes: str | None = None,
) -> Run:
    """Changes a run's labels; None keeps a label. Raises NotFound."""
    given = {"name": name, "tags": None if tags is None else list(tags), "notes": notes}
    values = {label: value for label, value in given.items() if value is not None}
    return run_of(_found(change_run(session, *_owned(workspace_id, run_id), values=values)))


def request_cancel(session: Session, workspace_id: UUID, run_id: UUID) -> Run:
    """Cancels a queued run at once; asks a running one to stop. Asking again changes nothing.

    Raises NotFound, and IllegalTransition when the run has ended.
    """
    return cancel(session, lock_run(session, workspace_id, run_id))


def enqueue_again(
    session: Session,
    run: Run,
    *,
    spec: JobSpec,
    expected_rows: int,
    expected_memory_bytes: int = 0,
) -> Run:
    """Queues an ended run again with this spec. The caller has locked the run.

    Raises IllegalTransition when the run has not ended.
    """
    check_transition(run.status, RunStatus.QUEUED)
    data: Mapping[str, JsonValue] = {
        "status": RunStatus.QUEUED,
        "attempt": run.attempt,
        "reason": "resumed",
    }
    values = {
        "status": RunStatus.QUEUED.value,
        "spec": spec.model_dump(mode="json"),
        "expected_rows": expected_rows,
        "expected_memory_bytes": expected_memory_bytes,
        "stop_reason": None,
        "error": None,
        "ended_at": None,
        "cancel_requested_at": None,
        "worker_id": None,
        "held_for": None,
        "wanted_artifact_bytes": None,
        "crash_count": 0,
        "is_diagnosis_final": False,
    }
    log = (NewEvent(kind=EventKind.STATUS, data=data),)
    return run_of(_found(change_run(session, runs.c.id == run.id, values=values, log=log)))


def delete_run(session: Session, workspace_id: UUID, run_id: UUID) -> None:
    """Deletes a run with its rows in all tables. Raises NotFound.

    A worker that still trains the run receives Fenced at its next write.
    """
    statement = delete(runs).where(*_owned(workspace_id, run_id)).returning(runs.c.id)
    if session.execute(statement).one_or_none() is None:
        raise NotFound


def _owned(workspace_id: UUID, run_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        runs.c.id == run_id,
        runs.c.workspace_id == workspace_id,
        runs.c.preflight_steps.is_(None),
    )


def _found(row: RowMapping | None) -> RowMapping:
    if row is None:
        raise NotFound
    return row
