"""Record an act in the audit log, in the transaction of the act itself."""

from uuid import UUID

from app.domain.audit import SERVICE, Act
from app.store.audit import insert_act
from app.store.database import UnitOfWork


def record_act(
    work: UnitOfWork, act: Act, *, workspace_id: UUID, subject_id: UUID, **detail: object
) -> None:
    """Records who did what: the act is in the log if and only if the transaction commits.

    The actor is that of `work`. `workspace_id` is the workspace to which the act was done, so that
    its admins see it; `detail` must be JSON and contain no secret.
    """
    insert_act(
        work.session,
        work.actor or SERVICE,
        act=act,
        workspace_id=workspace_id,
        subject_id=subject_id,
        detail=detail,
    )
