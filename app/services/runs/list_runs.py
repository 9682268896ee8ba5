"""List a workspace's runs in pages, newest first or in another order."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.services.runs.describe_run import DescribedRun, describe_runs
from app.store.database import UnitOfWork
from app.store.run_lists import RunFilters, ordered_page_of_runs, page_of_runs
from app.store.run_order import RunOrder, RunPlace


@dataclass(frozen=True, kw_only=True)
class RunList:
    """One page of runs."""

    items: tuple[DescribedRun, ...]
    #: (created_at, id) of the last item when more follow, otherwise None.
    last: tuple[datetime, UUID] | None


@dataclass(frozen=True, kw_only=True)
class OrderedRunList:
    """One page of runs in an order of their own."""

    items: tuple[DescribedRun, ...]
    #: The place of the last item when more follow, otherwise None.
    last: RunPlace | None


def list_runs(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    filters: RunFilters,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> RunList:
    # one row more than the page shows whether there is a next page
    found = page_of_runs(work.session, workspace_id, filters=filters, limit=limit + 1, after=after)
    page = found[:limit]
    has_more = len(found) > limit
    return RunList(
        items=describe_runs(work, page),
        last=(page[-1].created_at, page[-1].id) if has_more else None,
    )


def list_runs_in_order(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    filters: RunFilters,
    order: RunOrder,
    limit: int,
    after: RunPlace | None,
) -> OrderedRunList:
    found = ordered_page_of_runs(
        work.session, workspace_id, filters=filters, order=order, limit=limit + 1, after=after
    )
    page = found[:limit]
    return OrderedRunList(
        items=describe_runs(work, [run for run, _ in page]),
        last=page[-1][1] if len(found) > limit else None,
    )
