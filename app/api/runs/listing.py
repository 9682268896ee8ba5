"""One page of a list of runs, as the API and the pages show it."""

from dataclasses import dataclass

from fastapi import Request

from app.api.models.run_query import RunQuery
from app.api.protocol.deps import Reader
from app.api.protocol.pages import next_page, page_after, read_cursor, read_place
from app.domain.access import Caller
from app.services.runs.describe_run import DescribedRun
from app.services.runs.list_runs import list_runs, list_runs_in_order


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Runs, and the address of the next page; None on the last."""

    items: tuple[DescribedRun, ...]
    next: str | None


def listed(request: Request, query: RunQuery, *, caller: Caller, read: Reader) -> Listed:
    """Returns the page that the query asks for. Raises InvalidInput for a wrong cursor."""
    order = query.order()
    if order is None:
        newest = read(
            lambda work: list_runs(
                work,
                workspace_id=caller.workspace_id,
                filters=query.filters(),
                limit=query.limit,
                after=read_cursor(query.cursor),
            )
        )
        return Listed(items=newest.items, next=next_page(request, newest.last))
    found = read(
        lambda work: list_runs_in_order(
            work,
            workspace_id=caller.workspace_id,
            filters=query.filters(),
            order=order,
            limit=query.limit,
            after=read_place(query.cursor),
        )
    )
    return Listed(items=found.items, next=page_after(request, found.last))
