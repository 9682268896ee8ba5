"""Drops the readings of whole months of ended runs; keeps the runs, events and diagnoses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from app.store.ids import first_id_of
from app.store.partitions import following_month, months_with_partitions, partition_name
from app.store.tables import PARTITIONED, runs
from app.store.times import database_now

#: Readers and writers of telemetry wait behind the drop. After this time it is given up until the
#: next attempt.
_LOCK_TIMEOUT = "2s"


def drop_oldest_month(session: Session, *, older_than_days: int) -> datetime | None:
    """Drops the readings of one month; returns its first moment, or None when none is old enough.

    A month is dropped once all of it is older than `older_than_days` and all its runs have ended.
    A resumed run of that month delays the drop.
    """
    for month in _old_months(session, older_than_days):
        if _note_dropped(session, month):
            session.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
            for table in PARTITIONED:
                # the SQL contains table names and dates, and no client's input
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
    """Marks all runs of the month as dropped; returns False, without a change, if one is active.

    The row locks keep the runs from being resumed before their readings are dropped.
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
