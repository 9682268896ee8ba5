"""Cancel a queued preflight at once, a running one at the worker's next heartbeat."""

from uuid import UUID

from app.domain.audit import Act
from app.services.preflights.read_preflight import Preflight, describe_preflight
from app.services.record_act import record_act
from app.store.cancellation import cancel
from app.store.database import UnitOfWork
from app.store.preflights import lock_preflight


def cancel_preflight(work: UnitOfWork, *, workspace_id: UUID, preflight_id: UUID) -> Preflight:
    """Raises NotFound, and IllegalTransition when the preflight has ended."""
    run = cancel(work.session, lock_preflight(work.session, workspace_id, preflight_id))
    record_act(work, Act.PREFLIGHT_CANCELLED, workspace_id=workspace_id, subject_id=preflight_id)
    return describe_preflight(work, run)
