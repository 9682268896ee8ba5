"""Read the runs that a run descends from, and those that descend from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.runs import Run
from app.store.database import UnitOfWork
from app.store.lineage import ancestors_of
from app.store.run_lists import RunFilters, page_of_runs
from app.store.runs import find_run

#: Children that are read, the newest first.
MAX_CHILDREN = 100


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """The relatives of a run."""

    #: The parent first. A deleted run ends them.
    ancestors: Sequence[Run]
    #: The newest first.
    children: Sequence[Run]


def read_lineage(work: UnitOfWork, *, workspace_id: UUID, run_id: UUID) -> Lineage:
    """Returns the ancestors and at most `MAX_CHILDREN` children. Raises NotFound."""
    run = find_run(work.session, workspace_id, run_id)
    children = page_of_runs(
        work.session,
        workspace_id,
        filters=RunFilters(parent_id=run_id),
        limit=MAX_CHILDREN,
        after=None,
    )
    return Lineage(ancestors=ancestors_of(work.session, run), children=children)
