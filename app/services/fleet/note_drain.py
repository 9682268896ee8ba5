"""Note that a worker was told by a signal to claim nothing more."""

from uuid import UUID

from app.domain.audit import Act
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.workers import request_drain
from app.store.workspaces import first_workspace_id


def note_drain(work: UnitOfWork, *, worker_id: UUID) -> None:
    """From then on the worker is drained until an operator ends that. Raises NotFound.

    The act is recorded in the operator's workspace, where there is one.
    """
    request_drain(work.session, worker_id)
    operator_id = first_workspace_id(work.session)
    if operator_id is not None:
        record_act(
            work, Act.WORKER_DRAINED, workspace_id=operator_id, subject_id=worker_id, by="signal"
        )
