"""Renew a run's lease and learn whether a client asked to cancel the run."""

from uuid import UUID

from app.store.claims import Heartbeat, heartbeat
from app.store.database import UnitOfWork


def renew_lease(
    work: UnitOfWork,
    *,
    run_id: UUID,
    attempt: int,
    lease_s: float,
    waits_for_database: bool = False,
) -> Heartbeat:
    """Renews the lease for `lease_s` seconds from now.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    return heartbeat(
        work.session,
        run_id=run_id,
        attempt=attempt,
        lease_s=lease_s,
        waits_for_database=waits_for_database,
    )
