"""Change a run's labels: its name, tags and notes."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.audit import Act
from app.services.record_act import record_act
from app.services.runs.describe_run import DescribedRun, describe_run
from app.store.database import UnitOfWork
from app.store.runs import update_labels


def edit_run(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_id: UUID,
    name: str | None,
    tags: Sequence[str] | None,
    notes: str | None,
) -> DescribedRun:
    """Changes the labels; None keeps a label. Raises NotFound."""
    run = update_labels(work.session, workspace_id, run_id, name=name, tags=tags, notes=notes)
    record_act(work, Act.RUN_RELABELLED, workspace_id=workspace_id, subject_id=run_id)
    return describe_run(work, run)
