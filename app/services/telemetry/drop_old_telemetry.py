"""Drop the readings of ended runs once they are older than the installation keeps them."""

from datetime import datetime

from app.store.database import UnitOfWork
from app.store.locks import RETAIN, try_lock
from app.store.retention import drop_oldest_month


def drop_old_telemetry(work: UnitOfWork, *, retention_days: int) -> datetime | None:
    """The month of runs that was dropped; one at a time, by one process at a time."""
    if not try_lock(work.session, RETAIN):
        return None
    return drop_oldest_month(work.session, older_than_days=retention_days)
