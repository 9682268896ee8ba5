"""Which queued run is next: fair between workspaces, by priority and age within one."""

from collections.abc import Collection
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
    select,
    update,
)
from sqlalchemy.orm import Session

from app.domain.runs import RunStatus
from app.store.tables import runs, workspaces
from app.store.times import database_now, seconds_from_now

#: A queued run gains a point of priority in so long: no other one keeps it waiting for ever.
POINT = timedelta(minutes=1)


def lock_next(
    session: Session, *, devices: Collection[str], max_running_runs: int
) -> RowMapping | None:
    """The queued run whose turn it is, locked, and its workspace noted as served; None without one.

    A preflight comes first, for somebody waits for it, but not right after another preflight. Then
    the workspace with the fewest running runs, then the one that was served the longest ago, and
    of its runs the one with the highest priority, to which waiting adds. `max_running_runs` is the
    quota of a workspace that has none of its own.
    """
    for is_patient in (False, True):
        passed_over: set[UUID] = set()
        while found := _lock_first(session, devices, max_running_runs, without=passed_over):
            if _takes_turn(session, found, max_running_runs, is_patient=is_patient):
                return found
            passed_over.add(found["workspace_id"])
        if not passed_over:
            return None
    return None


def queued_ids(
    session: Session, *, older_than_s: float, limit: int, max_running_runs: int
) -> tuple[UUID, ...]:
    """Queued runs to ring for: the ones that the next claims will take, roughly."""
    is_old = runs.c.created_at < seconds_from_now(-older_than_s)
    statement = _waiting(max_running_runs).add_columns(runs.c.id).where(is_old).limit(limit)
    return tuple(row.id for row in session.execute(statement))


def is_servable(devices: Collection[str]) -> ColumnElement[bool]:
    """True of a run whose `training.device` these devices can be."""
    return runs.c.device_wanted.in_(devices_served(devices))


def devices_served(devices: Collection[str]) -> tuple[str, ...]:
    """The values of `training.device` that a worker with these devices can take."""
    has_cuda = any(device.startswith("cuda") for device in devices)
    return ("auto", *(["cuda"] if has_cuda else []), *devices)


def _lock_first(
    session: Session, devices: Collection[str], max_running_runs: int, *, without: Collection[UUID]
) -> RowMapping | None:
    statement = (
        _waiting(max_running_runs)
        .add_columns(*runs.c)
        .where(is_servable(devices), runs.c.workspace_id.not_in(without))
        .limit(1)
        .with_for_update(of=runs, skip_locked=True)
    )
    return session.execute(statement).mappings().one_or_none()


def _waiting(max_running_runs: int) -> Select[()]:
    """Queued runs of workspaces with room for one more, the next one first; no columns yet."""
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
    jumps = and_(runs.c.preflight_steps.is_not(None), not_(was_preflight))
    # the order of priority + waited / POINT, without a clock that moves between two rows
    came_as_if_at = runs.c.created_at - runs.c.priority * literal(POINT)
    return (
        select()
        .select_from(runs)
        .join(workspaces, workspaces.c.id == runs.c.workspace_id)
        .outerjoin(running, running.c.workspace_id == runs.c.workspace_id)
        .where(
            runs.c.status == RunStatus.QUEUED.value,
            num_running < func.coalesce(workspaces.c.max_running_runs, max_running_runs),
        )
        .order_by(
            jumps.desc(),
            num_running,
            workspaces.c.served_at.asc().nulls_first(),
            came_as_if_at,
            runs.c.id,
        )
    )


def _takes_turn(
    session: Session, run: RowMapping, max_running_runs: int, *, is_patient: bool
) -> bool:
    """False when other claims have filled the workspace meanwhile: its row's lock orders them.

    Who is not patient also passes over a workspace of which somebody claims at this moment: that
    claim may be asleep, and others must not sleep with it.
    """
    mine = workspaces.c.id == run["workspace_id"]
    quota = func.coalesce(workspaces.c.max_running_runs, max_running_runs)
    locking = select(quota).where(mine)
    locking = locking.with_for_update(key_share=True, skip_locked=not is_patient)
    most = session.execute(locking).scalar_one_or_none()
    if most is None:
        return False
    num_running = (
        select(func.count())
        .select_from(runs)
        .where(
            runs.c.workspace_id == run["workspace_id"],
            runs.c.status == RunStatus.RUNNING.value,
        )
    )
    if session.execute(num_running).scalar_one() >= most:
        return False
    served = update(workspaces).where(mine)
    session.execute(
        served.values(served_at=database_now(), served_preflight=run["preflight_steps"] is not None)
    )
    return True
