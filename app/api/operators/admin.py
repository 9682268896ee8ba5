"""Routes for operators, the admins of the first workspace, over all workspaces."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.admin import AdminRunPage, AdminRunQuery, AdminRunView, view_admin_run
from app.api.models.workspace import WorkspaceView
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Admin, Read, Work
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.pages import next_page, read_cursor
from app.domain.errors import Conflict, IllegalTransition
from app.services.operators.cancel_any_run import cancel_any_run
from app.services.operators.list_all_runs import list_all_runs
from app.services.operators.resume_workspace import resume_workspace
from app.services.operators.suspend_workspace import suspend_workspace

router = APIRouter(prefix="/v1/admin", tags=["operators"], responses=ALWAYS)


@router.get(
    "/runs",
    response_model=AdminRunPage,
    responses=NOT_MODIFIED,
    operation_id="list_all_runs",
    summary="List all runs",
    response_description="A page of runs and preflights of all workspaces.",
)
def get_all_runs(
    request: Request, query: Annotated[AdminRunQuery, Query()], caller: Admin, read: Read
) -> Response:
    """Runs and preflights of all workspaces, newest first."""
    found = read(
        lambda work: list_all_runs(
            work,
            caller_workspace_id=caller.workspace_id,
            filters=query.filters(),
            limit=query.limit,
            after=read_cursor(query.cursor),
        )
    )
    items = [view_admin_run(one.run, waiting_for=one.waiting_for) for one in found.items]
    page = AdminRunPage(items=items, next=next_page(request, found.last))
    return conditional_json(request, page)


@router.post(
    "/runs/{run_id}/cancel",
    status_code=202,
    responses=documented(404, IllegalTransition("The run has ended.")),
    operation_id="cancel_any_run",
    summary="Cancel a run of any workspace",
    response_description="The run, which is cancelled or will be at its worker's next heartbeat.",
)
def post_cancel_of_any(run_id: UUID, caller: Admin, work: Work) -> AdminRunView:
    """Also of preflights. The run's log tells that the operator did it; it keeps a checkpoint."""
    found = cancel_any_run(work, caller_workspace_id=caller.workspace_id, run_id=run_id)
    return view_admin_run(found.run, waiting_for=found.waiting_for)


@router.post(
    "/workspaces/{workspace_id}/suspend",
    responses=documented(404, Conflict("The first workspace cannot be suspended.")),
    operation_id="suspend_workspace",
    summary="Suspend a workspace",
    response_description="The workspace, which is suspended.",
)
def post_suspend(workspace_id: UUID, caller: Admin, work: Work) -> WorkspaceView:
    """Its keys are answered 403 `workspace_suspended`, and its waiting requests end.

    Queued runs stay queued. Running ones save a checkpoint at their worker's next heartbeat and are
    queued too, so that nothing is lost; cancel them as well where they should not go on.
    """
    return WorkspaceView.of(
        suspend_workspace(work, caller_workspace_id=caller.workspace_id, workspace_id=workspace_id)
    )


@router.post(
    "/workspaces/{workspace_id}/resume",
    responses=documented(404),
    operation_id="resume_workspace",
    summary="Resume a workspace",
    response_description="The workspace, which is active again.",
)
def post_resume_of_workspace(workspace_id: UUID, caller: Admin, work: Work) -> WorkspaceView:
    """Its keys are valid again, and its runs continue from their checkpoints within seconds."""
    return WorkspaceView.of(
        resume_workspace(work, caller_workspace_id=caller.workspace_id, workspace_id=workspace_id)
    )
