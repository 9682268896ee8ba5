"""Check that the run which a job spec names as its parent exists."""

from uuid import UUID

from app.domain.errors import InvalidSpec, Problem
from app.domain.specs.job import JobSpec
from app.store.database import UnitOfWork
from app.store.runs import runs_within


def check_parent(work: UnitOfWork, *, workspace_id: UUID, spec: JobSpec) -> None:
    """Raises InvalidSpec unless the parent is a run of the workspace, or there is none."""
    parent_id = spec.parent_id
    if parent_id is None or runs_within(work.session, workspace_id, [parent_id]):
        return
    detail = f"there is no run {parent_id} in this workspace"
    problem = Problem(pointer="/parent_id", detail=detail, code="parent_not_found")
    sentence = f"The job spec cannot be run: {detail}."
    raise InvalidSpec(sentence, problems=[problem])
