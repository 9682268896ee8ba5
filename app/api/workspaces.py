"""Workspaces over HTTP: make one with its first key, list, delete."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.api.conditional import NOT_MODIFIED, conditional_json
from app.api.deps import Admin, ApiSettings, Work
from app.api.examples import WORKSPACE_EXAMPLES
from app.api.idempotency import Answer, Once
from app.api.keys import NewKeyView, view_new_key
from app.api.models.run import View
from app.api.pages import DEFAULT_LIMIT, Cursor, Limit, cut, next_page, read_cursor
from app.api.problems import ALWAYS, documented
from app.domain.specs.base import CleanText
from app.services.create_workspace import NewWorkspace, create_workspace
from app.services.delete_workspace import delete_workspace
from app.services.list_workspaces import list_workspaces
from app.store.workspaces import Workspace

router = APIRouter(prefix="/v1/workspaces", tags=["access"], responses=ALWAYS)


class WorkspaceOrder(BaseModel):
    """What a new workspace is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: CleanText = Field(min_length=1, max_length=200)


class WorkspaceView(View):
    """The owner of runs, data sets and keys; nothing is seen across two of them."""

    id: UUID
    name: str
    created_at: datetime


class NewWorkspaceView(WorkspaceView):
    """A workspace just made, with the key that opens it."""

    admin_key: NewKeyView


class WorkspacePage(View):
    items: list[WorkspaceView]
    next: str | None


@router.post(
    "",
    status_code=201,
    response_model=NewWorkspaceView,
    responses=documented(409, 415),
    summary="Make a workspace",
)
def post_workspace(
    order: Annotated[WorkspaceOrder, Body(openapi_examples=WORKSPACE_EXAMPLES)],
    caller: Admin,
    work: Work,
    settings: ApiSettings,
    once: Once,
) -> Response:
    """For admins of the first workspace. The answer holds the new one's first key."""
    return once.answer(
        lambda: _created(
            create_workspace(
                work,
                caller_workspace_id=caller.workspace_id,
                name=order.name,
                secret=settings.secret,
            )
        )
    )


@router.get("", response_model=WorkspacePage, responses=NOT_MODIFIED, summary="List workspaces")
def get_workspaces(
    request: Request,
    caller: Admin,
    work: Work,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Oldest first: all for admins of the first workspace, the own one for others."""
    found = list_workspaces(work, caller_workspace_id=caller.workspace_id)
    page, last = cut(found, limit=limit, after=read_cursor(cursor))
    following = next_page(request, last) if last else None
    items = [_view(workspace) for workspace in page]
    return conditional_json(request, WorkspacePage(items=items, next=following))


@router.delete(
    "/{workspace_id}",
    status_code=204,
    responses=documented(404, 409),
    summary="Delete a workspace",
)
def remove_workspace(workspace_id: UUID, caller: Admin, work: Work) -> None:
    """With its keys, data sets and runs; 409 while runs have not ended."""
    delete_workspace(work, caller_workspace_id=caller.workspace_id, workspace_id=workspace_id)


def _created(new: NewWorkspace) -> Answer:
    key = view_new_key(new.admin_key)
    view = NewWorkspaceView(**_view(new.workspace).model_dump(), admin_key=key)
    kept = view.model_copy(update={"admin_key": key.model_copy(update={"key": None})})
    return Answer(status=201, body=view, kept_body=kept)


def _view(workspace: Workspace) -> WorkspaceView:
    return WorkspaceView(id=workspace.id, name=workspace.name, created_at=workspace.created_at)
