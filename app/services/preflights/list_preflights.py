"""List a workspace's preflights, newest first, in pages and without their results."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.services.runs.describe_run import describe_runs
from app.services.runs.list_runs import RunList
from app.store.database import UnitOfWork
from app.store.preflights import page_of_preflights


def list_preflights(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    statuses: Sequence[str],
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> RunList:
    # one more than the page shows whether there is a next page
    found = page_of_preflights(
        work.session, workspace_id, statuses=statuses, limit=limit + 1, after=after
    )
    page = found[:limit]
    has_more = len(found) > limit
    return RunList(
        items=describe_runs(work, page),
        last=(page[-1].created_at, page[-1].id) if has_more else None,
    )
