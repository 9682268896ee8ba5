"""Chooses the next queued run: fair between workspaces, by priority and age within one."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from app.domain.devices import memory_served
from app.domain.runs import RunStatus
from app.store.tables import runs, workspaces
from app.store.times import database_now, seconds_from_now

#: A queued run gains one point of priority for each such time that it waits, so that runs of a
#: higher priority cannot delay it for ever.
POINT = timedelta(minutes=1)


def lock_next(
    session: Session,
    *,
    devices: Sequence[str],
    memory_bytes: Sequence[int],
    max_running_runs: int,
    with_preflights: bool = True,
) -> RowMapping | None:
    """Locks and returns the next queued run that these devices can train; returns None without one.

    A preflight comes first, because a client waits for it, but not right after another preflight.
    Then comes the workspace with the fewest running runs, then the one that was served the longest
    ago. Within a workspace the run with the highest priority comes first; waiting raises it.
    `memory_bytes` are those of the devices, or empty where they are unknown. `max_running_runs` is
    the quota of a workspace that has none of its own. The workspace of the returned run is recorded
    as served.
    """
    eligible = [is_servable(devices, memory_bytes)]
    if not with_preflights:
        eligible.append(runs.c.preflight_steps.is_(None))
    for waits_for_lock in (False, True):
        skipped: set[UUID] = set()
        while found := _lock_first(session, eligible, max_running_runs, without=skipped):
            if _record_served(session, found, max_running_runs, waits_for_lock=waits_for_lock):
                return found
            skipped.add(found["workspace_id"])
        if not skipped:
            return None
    return None


def queued_ids(
    session: Session, *, older_than_s: float, limit: int, max_running_runs: int
) -> tuple[UUID, ...]:
    """Returns queued runs to announce to workers, approximately in the order of future claims."""
    is_old = runs.c.created_at < seconds_from_now(-older_than_s)
    statement = _waiting(max_running_runs).add_columns(runs.c.id).where(is_old).limit(limit)
    return tuple(row.id for row in session.execute(statement))


def is_servable(devices: Sequence[str], memory_bytes: Sequence[int]) -> ColumnElement[bool]:
    """Returns the condition that one of these devices satisfies `training.device` and can hold it.

    `memory_bytes` are those of the devices, or empty where they are unknown.
    """
    return or_(
        *(
            and_(runs.c.device_wanted == wanted, _fits(most))
            for wanted, most in memory_served(devices, memory_bytes).items()
        )
    )


def _fits(most_bytes: int | None) -> ColumnElement[bool]:
    return true() if most_bytes is None else runs.c.expected_memory_bytes <= most_bytes


def _lock_first(
    session: Session,
    eligible: Sequence[ColumnElement[bool]],
    max_running_runs: int,
    *,
    without: Collection[UUID],
) -> RowMapping | None:
    statement = (
        _waiting(max_running_runs)
        .add_columns(*runs.c)
        .where(*eligible, runs.c.workspace_id.not_in(without))
        .limit(1)
        .with_for_update(of=runs, skip_locked=True)
    )
    return session.execute(statement).mappings().one_or_none()


def _waiting(max_running_runs: int) -> Select[()]:
    """Returns a query for queued runs of workspaces below their quota, the next one first.

    Suspended workspaces and runs that are held are left out. The query selects no columns yet.
    """
    running = (
        select(runs.c.workspace_id, func.count().label("number"))
        .where(runs.c.status == RunStatus.RUNNING.value)
        .group_by(runs.c.workspace_id)
        .cte("running")
    )
    num_running = func.coalesce(running.c.number, 0)
    served_last = workspaces.alias("served_last")
    was_preflight = (
        select(served_last.c.served_preflight)
        .order_by(served_last.c.served_at.desc().nulls_last())
        .limit(1)
        .scalar_subquery()
    )
    comes_first = and_(runs.c.preflight_steps.is_not(None), not_(was_preflight))
    # sorts as priority + waiting time / POINT does, without a clock that changes between two rows
    effective_created_at = runs.c.created_at - runs.c.priority * literal(POINT)
    return (
        select()
        .select_from(runs)
        .join(workspaces, workspaces.c.id == runs.c.workspace_id)
        .outerjoin(running, running.c.workspace_id == runs.c.workspace_id)
        .where(
            runs.c.status == RunStatus.QUEUED.value,
            runs.c.held_for.is_(None),
            workspaces.c.suspended_at.is_(None),
            num_running < func.coalesce(workspaces.c.max_running_runs, max_running_runs),
        )
        .order_by(
            comes_first.desc(),
            num_running,
            workspaces.c.served_at.asc().nulls_first(),
            effective_created_at,
            runs.c.id,
        )
    )


def _record_served(
    session: Session, run: RowMapping, max_running_runs: int, *, waits_for_lock: bool
) -> bool:
    """Records the run's workspace as served.

    Returns False when its quota is used up meanwhile, or when it is suspended.

    The row lock of the workspace orders concurrent claims. Without `waits_for_lock`, the result is
    also False while another claim holds that lock: a stalled claim must not delay other workspaces.
    """
    mine = workspaces.c.id == run["workspace_id"]
    quota = func.coalesce(workspaces.c.max_running_runs, max_running_runs)
    locking = select(quota).where(mine, workspaces.c.suspended_at.is_(None))
    locking = locking.with_for_update(key_share=True, skip_locked=not waits_for_lock)
    limit = session.execute(locking).scalar_one_or_none()
    if limit is None:
        return False
    num_running = (
        select(func.count())
        .select_from(runs)
        .where(
            runs.c.workspace_id == run["workspace_id"],
            runs.c.status == RunStatus.RUNNING.value,
        )
    )
    if session.execute(num_running).scalar_one() >= limit:
        return False
    served = update(workspaces).where(mine)
    session.execute(
        served.values(served_at=database_now(), served_preflight=run["preflight_steps"] is not None)
    )
    return True
