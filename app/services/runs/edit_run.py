"""Change a run's labels: its name, tags and notes."""

from collections.abc import Sequence
from uuid import UUID

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
    return describe_run(work, run)
