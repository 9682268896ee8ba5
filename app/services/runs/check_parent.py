"""Check that the run which a job spec names as its parent exists, and the remedy that it tries."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.diagnosis.remedies import REMEDIES
from app.domain.errors import InvalidSpec, Problem
from app.domain.specs.job import JobSpec
from app.domain.specs.lineage import RunPurpose
from app.store.database import UnitOfWork
from app.store.runs import runs_within

_KINDS = frozenset(card.kind for card in REMEDIES)


@dataclass(frozen=True, kw_only=True)
class Descent:
    """What the row of a run says of its descent."""

    parent_run_id: UUID | None
    purpose: RunPurpose | None
    remedy: str | None


def check_parent(work: UnitOfWork, *, workspace_id: UUID, spec: JobSpec) -> Descent:
    """Returns the descent that the spec names.

    Raises InvalidSpec unless the parent is a run of the workspace, or there is none, and if the
    remedy is unknown.
    """
    lineage = spec.lineage
    parent_id = spec.parent_id if lineage is None else lineage.parent
    remedy = None if lineage is None else lineage.remedy
    if remedy is not None and remedy not in _KINDS:
        detail = f"there is no remedy {remedy}; GET /v1/catalog lists the kinds"
        raise _refused("/lineage/remedy", detail, "remedy_unknown")
    if parent_id is not None and not runs_within(work.session, workspace_id, [parent_id]):
        pointer = "/parent_id" if lineage is None else "/lineage/parent"
        detail = f"there is no run {parent_id} in this workspace; GET /v1/runs lists them"
        raise _refused(pointer, detail, "parent_not_found")
    purpose = None if lineage is None else lineage.purpose
    return Descent(parent_run_id=parent_id, purpose=purpose, remedy=remedy)


def _refused(pointer: str, detail: str, code: str) -> InvalidSpec:
    problem = Problem(pointer=pointer, detail=detail, code=code)
    return InvalidSpec(f"The job spec cannot be run: {detail}.", problems=[problem])
