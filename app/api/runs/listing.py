"""One page of a list of runs, as the API and the pages show it."""

from dataclasses import dataclass

from fastapi import Request

from app.api.models.run import RunPage, RunView, view_run
from app.api.models.run_query import RunQuery
from app.api.models.sparklines import view_sparklines
from app.api.protocol.deps import Reader, Resources
from app.api.protocol.pages import next_page, page_after, read_cursor, read_place
from app.domain.access import Caller
from app.services.diagnosis.read_summaries import read_summaries
from app.services.runs.describe_run import DescribedRun
from app.services.runs.list_runs import list_runs, list_runs_in_order


def list_page(
    request: Request, query: RunQuery, *, caller: Caller, read: Reader, resources: Resources
) -> RunPage:
    """Returns the page that the query asks for. Raises InvalidInput for a wrong cursor."""
    found = _listed(request, query, caller=caller, read=read)
    items = [view_run(one.run, waiting_for=one.waiting_for) for one in found.items]
    runs = [one.run for one in found.items]
    if "sparklines" in query.include:
        curves = resources.sparklines.of(read.engine, runs)
        items = [
            item.model_copy(update={"sparklines": view_sparklines(one.curves)})
            for item, one in zip(items, curves, strict=True)
        ]
    if "verdict" in query.include:
        summaries = read(lambda work: read_summaries(work, [run.id for run in runs]))
        items = [_worded(item, summaries.get(item.id)) for item in items]
    return RunPage(items=items, next=found.next)


def _worded(item: RunView, summary: str | None) -> RunView:
    worded = item.diagnosis.model_copy(update={"summary": summary})
    return item.model_copy(update={"diagnosis": worded})


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """Runs, and the address of the next page; None on the last."""

    items: tuple[DescribedRun, ...]
    next: str | None


def _listed(request: Request, query: RunQuery, *, caller: Caller, read: Reader) -> _Listed:
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
        return _Listed(items=newest.items, next=next_page(request, newest.last))
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
    return _Listed(items=found.items, next=page_after(request, found.last))
