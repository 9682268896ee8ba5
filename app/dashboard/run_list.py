"""The page of runs: filters, verdicts, progress, and what can be done with several at once."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.run_query import RunQuery
from app.api.protocol.deps import ProcessResources, Read, RunsReader
from app.api.runs.listing import list_page
from app.dashboard.examples import EXAMPLES
from app.dashboard.pages import PageRoute, render
from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.runs import RunStatus

router = APIRouter(include_in_schema=False, route_class=PageRoute)

#: Where on the list the page begins, and how long it is.
_PLACES = frozenset({"limit", "cursor", "sort", "include"})
#: Tags of a run that the list shows; its page shows all.
SHOWN_TAGS = 3
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
    request: Request,
    query: Annotated[RunQuery, Query()],
    caller: RunsReader,
    read: Read,
    resources: ProcessResources,
) -> Response:
    """Takes the query of `GET /v1/runs`, whose answer is its JSON twin."""
    shown = query.model_copy(update={"include": ["sparklines", "verdict"]})
    page = list_page(request, shown, caller=caller, read=read, resources=resources)
    return render(
        request,
        "run_list.html",
        twin=f"/v1/runs?{request.url.query}".rstrip("?"),
        runs=page.items,
        query=query,
        is_filtered=any(value for name, value in query if name not in _PLACES),
        next=page.next,
        sorts=SORTS,
        statuses=list(RunStatus),
        verdicts=list(DiagnosisVerdict),
        examples=EXAMPLES,
        shown_tags=SHOWN_TAGS,
        origin=str(request.base_url).rstrip("/"),
    )
