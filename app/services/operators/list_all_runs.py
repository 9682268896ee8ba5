"""List the runs and preflights of all workspaces, newest first, in pages."""

from datetime import datetime
from uuid import UUID

from app.services.accounts.check_operator import check_operator
from app.services.operators.describe_all import describe_all
from app.services.runs.list_runs import RunList
from app.store.all_runs import AllRunsFilters, page_of_all_runs
from app.store.database import UnitOfWork


def list_all_runs(
    work: UnitOfWork,
    *,
    caller_workspace_id: UUID,
    filters: AllRunsFilters,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> RunList:
    """Raises Forbidden unless the caller is an operator."""
    check_operator(work, workspace_id=caller_workspace_id)
    # one more than the page shows whether there is a next page
    found = page_of_all_runs(
        work.session, filters=filters, limit=limit + 1, after=None if after is None else after[1]
    )
    page = found[:limit]
    has_more = len(found) > limit
    return RunList(
        items=describe_all(work, page),
        last=(page[-1].created_at, page[-1].id) if has_more else None,
    )
