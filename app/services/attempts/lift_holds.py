"""Let workers claim runs again that waited for space in the artifact folder."""

from collections.abc import Collection
from uuid import UUID

from app.queue import RunQueue
from app.store.database import UnitOfWork
from app.store.holds import lift_hold


def lift_holds(work: UnitOfWork, *, queue: RunQueue, run_ids: Collection[UUID]) -> None:
    """Lifts the holds and notifies workers after the commit; a run that is not held is ignored."""
    lifted = [run_id for run_id in run_ids if lift_hold(work.session, run_id)]
    work.after_commit(lambda: [queue.notify(run_id) for run_id in lifted])
