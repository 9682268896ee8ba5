"""Drop the readings of ended runs that are older than the installation's retention."""

from datetime import datetime

from app.store.database import UnitOfWork
from app.store.locks import RETAIN, try_lock
from app.store.retention import drop_oldest_month


def drop_old_telemetry(work: UnitOfWork, *, retention_days: int) -> datetime | None:
    """Drops one month of readings; returns the month, or None when none was dropped.

    Only one process drops at a time; a concurrent call returns None.
    """
    if not try_lock(work.session, RETAIN):
        return None
    return drop_oldest_month(work.session, older_than_days=retention_days)
