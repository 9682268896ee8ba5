"""The page of runs: filters, verdicts, progress, and what can be done with several at once."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.run import RunView, view_run
from app.api.models.run_query import RunQuery
from app.api.protocol.deps import Read, RunsReader
from app.api.runs.listing import listed
from app.dashboard.examples import EXAMPLES
from app.dashboard.pages import PageRoute, render
from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.runs import RunStatus

router = APIRouter(include_in_schema=False, route_class=PageRoute)

#: Where on the list the page begins, and how long it is.
_PLACES = frozenset({"limit", "cursor"})
#: Orders that the page offers, with their names.
SORTS = (
    ("-created_at", "newest first"),
    ("created_at", "oldest first"),
    ("-duration", "longest first"),
    ("metric:validation.mse", "least validation mse"),
    ("-metric:validation.accuracy", "greatest validation accuracy"),
)


@router.get("/runs")
def get_run_list(
    request: Request, query: Annotated[RunQuery, Query()], caller: RunsReader, read: Read
) -> Response:
    """Takes the query of `GET /v1/runs`, whose answer is its JSON twin."""
    found = listed(request, query, caller=caller, read=read)
    items: list[RunView] = [
        view_run(described.run, waiting_for=described.waiting_for) for described in found.items
    ]
    return render(
        request,
        "run_list.html",
        twin=f"/v1/runs?{request.url.query}".rstrip("?"),
        runs=items,
        query=query,
        is_filtered=any(value for name, value in query if name not in _PLACES),
        next=found.next,
        sorts=SORTS,
        statuses=list(RunStatus),
        verdicts=list(DiagnosisVerdict),
        examples=EXAMPLES,
        origin=str(request.base_url).rstrip("/"),
    )
