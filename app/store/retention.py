"""Drops the readings of whole months of ended runs; the runs, their logs and diagnoses stay."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from app.store.ids import first_id_of
from app.store.partitions import following_month, months_with_partitions, partition_name
from app.store.tables import PARTITIONED, runs
from app.store.times import database_now

#: Whoever reads or writes telemetry queues behind the drop, which is tried again later.
_LOCK_TIMEOUT = "2s"


def drop_oldest_month(session: Session, *, older_than_days: int) -> datetime | None:
    """The month whose readings are gone now; None where nothing is old enough.

    A month is dropped once all of it is too old, and none of its runs can measure any more: one
    that was queued again since keeps the others of its month.
    """
    for month in _old_months(session, older_than_days):
        if _note_dropped(session, month):
            session.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
            for table in PARTITIONED:
                # names come from our own tables and the calendar: nothing here is a client's
                session.execute(text(f"DROP TABLE IF EXISTS {partition_name(table, month)}"))
            return month
    return None


def _old_months(session: Session, older_than_days: int) -> Iterator[datetime]:
    now = session.execute(select(func.now())).scalar_one()
    horizon = now - timedelta(days=older_than_days)
    for month in months_with_partitions(session):
        if following_month(month) <= horizon:
            yield month


def _note_dropped(session: Session, month: datetime) -> bool:
    """On each run of the month; false, and nothing noted, while one has not ended.

    The locks keep runs from being resumed before their readings are gone.
    """
    of_month = _is_of(month)
    locked = session.execute(select(runs.c.ended_at).where(of_month).with_for_update())
    if None in locked.scalars().all():
        return False
    noted = {
        "telemetry_dropped_at": database_now(),
        "telemetry_bytes": 0,
        "version": runs.c.version + 1,
    }
    session.execute(update(runs).where(of_month).values(noted))
    return True


def _is_of(month: datetime) -> ColumnElement[bool]:
    first, end = first_id_of(month), first_id_of(following_month(month))
    return (runs.c.id >= first) & (runs.c.id < end)
