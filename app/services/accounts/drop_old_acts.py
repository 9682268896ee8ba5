"""Delete the records of the audit log that are older than the installation's retention."""

from app.store.audit import delete_old_acts
from app.store.database import UnitOfWork
from app.store.locks import RETAIN, try_lock

#: Records that one transaction deletes at most.
ACTS_PER_BATCH = 5000


def drop_old_acts(work: UnitOfWork, *, retention_days: int) -> int:
    """Deletes at most `ACTS_PER_BATCH` records, the oldest first; returns how many.

    Only one process deletes at a time; a concurrent call returns 0.
    """
    if not try_lock(work.session, RETAIN):
        return 0
    return delete_old_acts(work.session, older_than_days=retention_days, limit=ACTS_PER_BATCH)
