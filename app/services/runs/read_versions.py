"""Read the version of a run, which every change that a client can see raises."""

from uuid import UUID

from app.store.database import UnitOfWork
from app.store.lineage import lineage_of
from app.store.runs import find_run, find_version


def read_versions(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, lineage: bool = False
) -> tuple[str, ...]:
    """Returns what the readings of a run depend on; with `lineage` also its ancestors'.

    Raises NotFound.
    """
    if not lineage:
        return (str(find_version(work.session, workspace_id, run_id)),)
    members = lineage_of(work.session, find_run(work.session, workspace_id, run_id))
    return tuple(f"{member.run.id} {member.run.version}" for member in members)
