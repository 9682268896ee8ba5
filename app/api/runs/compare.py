"""GET /v1/compare: several runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.compared_runs import CompareParameters, CompareView, view_compared
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.services.runs.compare_runs import compare_runs

router = APIRouter(prefix="/v1", tags=["runs"], responses=ALWAYS)


@router.get(
    "/compare",
    response_model=CompareView,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="compare_runs",
    summary="Compare runs",
    response_description="The runs side by side, in the order of `run_id`.",
)
def get_compare(
    request: Request,
    query: Annotated[CompareParameters, Query()],
    caller: RunsReader,
    read: Read,
) -> Response:
    """At most 12 runs: what differs in their specs, results, curves and gradient flow.

    Runs that differ in their seed alone are an arm, whose curves are also given as a band: the
    lowest and the highest point of any of them, and the median over them.
    """
    compared = read(
        lambda work: compare_runs(
            work,
            workspace_id=caller.workspace_id,
            run_ids=list(dict.fromkeys(query.run_id)),
            comparison=query.comparison(),
        )
    )
    return conditional_json(request, view_compared(compared, max_points=query.max_points))
