"""Renew a run's lease and learn whether somebody asked to cancel it."""

from uuid import UUID

from app.store.claims import Heartbeat, heartbeat
from app.store.database import UnitOfWork


def beat_run(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    lease_s: float,
    waits_for_database: bool = False,
) -> Heartbeat:
    """Raises Fenced when the run is no longer this attempt's."""
    return heartbeat(
        work.session,
        run_id=run_id,
        attempt=attempt,
        lease_s=lease_s,
        waits_for_database=waits_for_database,
    )
