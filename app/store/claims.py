"""Runs for workers: claim, heartbeat, finish, requeue, expired leases.

Every write after the claim names the attempt and raises Fenced once the run belongs to another
attempt. The database's clock sets and checks all leases.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import (
    Integer,
    RowMapping,
    cast,
    false,
    func,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from app.domain.errors import Fenced
from app.domain.events import EventKind
from app.domain.quotas import Quotas
from app.domain.runs import STATUS_OF, Run, RunStatus, StopReason, check_transition
from app.domain.specs.lineage import RunPurpose
from app.domain.task import TaskFacts
from app.store.checkpoints import latest_checkpoint
from app.store.documents import encode, storable
from app.store.fence import NewEvent, change_attempt, change_run, held_by, is_running
from app.store.queue_order import lock_next
from app.store.rewind import rewind, rewound
from app.store.run_rows import run_of
from app.store.tables import runs, workspaces
from app.store.times import database_now, seconds_from_now
from app.store.workers import memory_to_claim_for


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """The answer to a worker's heartbeat for one run."""

    cancel_requested: bool
    #: The run's workspace is suspended: the run waits in the queue until it is resumed.
    pause_requested: bool = False


def claim_next_run(
    session: Session,
    *,
    worker_id: UUID,
    devices: Collection[str],
    lease_s: float,
    max_running_runs: int = Quotas.max_running_runs,
    with_preflights: bool = True,
) -> Run | None:
    """Claims the next queued run that these devices can train and hold; returns None without one.

    The same transaction deletes what was measured after the last checkpoint. The new attempt
    continues from that checkpoint, or starts over without one. `max_running_runs` is the quota of
    a workspace that has none of its own. A worker that is drained gets none. Without
    `with_preflights`, only runs are claimed.
    """
    memory_bytes = memory_to_claim_for(session, worker_id)
    if memory_bytes is None:
        return None
    found = lock_next(
        session,
        devices=tuple(devices),
        memory_bytes=memory_bytes,
        max_running_runs=max_running_runs,
        with_preflights=with_preflights,
    )
    if found is None:
        return None
    return claim_row(session, found, worker_id=worker_id, lease_s=lease_s)


def claim_row(
    session: Session, found: RowMapping, *, worker_id: UUID, lease_s: float
) -> Run | None:
    """Assigns a queued run to a worker; returns None when the run is no longer queued."""
    attempt = found["attempt"] + 1
    log = [_status_event(RunStatus.RUNNING, attempt)]
    checkpoint = latest_checkpoint(session, found["id"])
    before = rewind(session, found["id"], checkpoint)
    if found["next_seq"] != before["next_seq"]:
        log.append(rewound(attempt, checkpoint))
    check_transition(RunStatus.QUEUED, RunStatus.RUNNING)
    row = change_run(
        session,
        runs.c.id == found["id"],
        runs.c.status == RunStatus.QUEUED.value,
        values={
            **before,
            "status": RunStatus.RUNNING.value,
            "attempt": attempt,
            "worker_id": worker_id,
            "lease_expires_at": seconds_from_now(lease_s),
            "started_at": database_now(),
            "waits_for_database": False,
        },
        log=log,
    )
    return None if row is None else run_of(row)


def begin(
    session: Session,
    *,
    run_id: UUID,
    attempt: int,
    task: TaskFacts,
    tensor_names: Sequence[str],
    device: str,
) -> None:
    """Stores what is known once the data and the network are built, before training starts."""
    values = {
        "task": encode(task.model_dump(mode="json")),
        "tensor_names": list(tensor_names),
        "device": device,
        # the space is taken by now
        "wanted_artifact_bytes": None,
    }
    change_attempt(session, run_id=run_id, attempt=attempt, values=values)


def heartbeat(
    session: Session,
    *,
    run_id: UUID,
    attempt: int,
    lease_s: float,
    waits_for_database: bool = False,
) -> Heartbeat:
    """Renews the lease.

    The version rises only when `waits_for_database`, which clients see, changes.
    """
    suspended_at = (
        select(workspaces.c.suspended_at)
        .where(workspaces.c.id == runs.c.workspace_id)
        .scalar_subquery()
    )
    changes = cast(runs.c.waits_for_database.is_distinct_from(waits_for_database), Integer)
    statement = (
        update(runs)
        .where(*held_by(run_id, attempt))
        .values(
            lease_expires_at=seconds_from_now(lease_s),
            waits_for_database=waits_for_database,
            version=runs.c.version + changes,
        )
        .returning(runs.c.cancel_requested_at, suspended_at.label("suspended_at"))
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise Fenced
    return Heartbeat(
        cancel_requested=row.cancel_requested_at is not None,
        pause_requested=row.suspended_at is not None,
    )


def has_ended_with(
    session: Session, *, run_id: UUID, attempt: int, stop_reason: StopReason
) -> bool:
    """Returns whether this attempt already ended the run with this reason.

    The caller repeats the end of a run when only its acknowledgement was lost.
    """
    statement = select(runs.c.id).where(
        runs.c.id == run_id,
        runs.c.attempt == attempt,
        runs.c.stop_reason == stop_reason.value,
    )
    return session.execute(statement).one_or_none() is not None


def finish(
    session: Session,
    *,
    run_id: UUID,
    attempt: int,
    stop_reason: StopReason,
    error: str | None = None,
    is_taken_back: bool = False,
    wants_trial: bool = False,
) -> None:
    """Ends a running run. The reasons CRASHED and LOST raise `crash_count` by one.

    `wants_trial` lets a sweep try the remedies of the run.

    With `is_taken_back`, the run must have been taken back from its worker. Raises Fenced when the
    run no longer belongs to the attempt.
    """
    status = STATUS_OF[stop_reason]
    check_transition(RunStatus.RUNNING, status)
    is_crash = stop_reason in {StopReason.CRASHED, StopReason.LOST}
    message = None if error is None else storable(error)
    end: Mapping[str, JsonValue] = {"status": status, "stop_reason": stop_reason, "error": message}
    values = {
        "lease_expires_at": None,
        "status": status.value,
        "stop_reason": stop_reason.value,
        "error": message,
        "ended_at": database_now(),
        "crash_count": runs.c.crash_count + int(is_crash),
        "wants_trial": wants_trial,
        "is_result_due": runs.c.purpose.is_not_distinct_from(RunPurpose.EXPERIMENT.value),
    }
    log = (
        _status_event(status, attempt),
        NewEvent(kind=EventKind.END, data=end),
    )
    change_attempt(
        session,
        run_id=run_id,
        attempt=attempt,
        values=values,
        log=log,
        is_taken_back=is_taken_back,
    )


def requeue(session: Session, *, run_id: UUID, attempt: int, reason: str, is_crash: bool) -> None:
    """Puts a running run back into the queue; the next claim continues from its last checkpoint.

    The caller has locked the run as its worker, or because its lease has expired. Raises Fenced
    when the run no longer belongs to the attempt.
    """
    check_transition(RunStatus.RUNNING, RunStatus.QUEUED)
    values = {
        "worker_id": None,
        "lease_expires_at": None,
        "status": RunStatus.QUEUED.value,
        "crash_count": runs.c.crash_count + int(is_crash),
    }
    log = (_status_event(RunStatus.QUEUED, attempt, reason=reason),)
    if change_run(session, *is_running(run_id, attempt), values=values, log=log) is None:
        raise Fenced


def lock_expired(session: Session, *, limit: int = 100) -> tuple[Run, ...]:
    """Locks and returns running runs whose lease has expired; skips runs locked by others."""
    statement = (
        select(runs)
        .where(
            runs.c.status == RunStatus.RUNNING.value,
            runs.c.lease_expires_at < database_now(),
        )
        .order_by(runs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tuple(run_of(row) for row in session.execute(statement).mappings())


def record_continuation(
    session: Session, *, run_id: UUID, attempt: int, step: int, differences: Sequence[str]
) -> None:
    """Records that training continues from a checkpoint: bit for bit without `differences`."""
    data: Mapping[str, JsonValue] = {
        "attempt": attempt,
        "from_step": step,
        "is_bitwise": not differences,
        "differences": list(differences),
    }
    is_still = func.coalesce(runs.c.is_continued_bitwise, true()) if not differences else false()
    change_attempt(
        session,
        run_id=run_id,
        attempt=attempt,
        values={"is_continued_bitwise": is_still},
        log=(NewEvent(kind=EventKind.CONTINUED, data=data),),
    )


def _status_event(status: RunStatus, attempt: int, **more: str) -> NewEvent:
    return NewEvent(kind=EventKind.STATUS, data={"status": status, "attempt": attempt, **more})
