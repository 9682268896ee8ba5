"""The page that shows several runs on one axis."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.compared_runs import CompareParameters, view_compared
from app.api.protocol.deps import Read, RunsReader
from app.dashboard.pages import PageRoute, render
from app.services.runs.compare_runs import compare_runs

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/compare")
def get_compare_page(
    request: Request,
    query: Annotated[CompareParameters, Query()],
    caller: RunsReader,
    read: Read,
) -> Response:
    """`GET /v1/compare` is its JSON twin, from which it draws its charts."""
    compared = read(
        lambda work: compare_runs(
            work,
            workspace_id=caller.workspace_id,
            run_ids=list(dict.fromkeys(query.run_id)),
            quantities=(),
            max_points=query.max_points,
        )
    )
    return render(
        request,
        "compare.html",
        twin=f"/v1/compare?{request.url.query}",
        compared=view_compared(compared),
    )
