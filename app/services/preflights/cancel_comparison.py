"""Cancel all preflights of a comparison that have not ended."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.audit import Act
from app.domain.errors import IllegalTransition
from app.services.record_act import record_act
from app.store.cancellation import cancel
from app.store.database import UnitOfWork
from app.store.preflights import lock_preflight


def cancel_comparison(
    work: UnitOfWork, *, workspace_id: UUID, preflight_ids: Sequence[UUID]
) -> None:
    """Raises NotFound, and IllegalTransition when all of the preflights have ended."""
    # in one order, so that two requests do not wait for each other
    arms = [lock_preflight(work.session, workspace_id, one) for one in sorted(set(preflight_ids))]
    active = [arm for arm in arms if not arm.status.has_ended]
    if not active:
        detail = "All preflights of the comparison have ended."
        raise IllegalTransition(detail)
    for arm in active:
        cancel(work.session, arm)
        record_act(work, Act.PREFLIGHT_CANCELLED, workspace_id=workspace_id, subject_id=arm.id)
