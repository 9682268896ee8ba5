"""Routes for workspaces: create one with its first key, list, read, change, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from app.api.accounts.keys import NewKeyView, view_new_key
from app.api.models.workspace import (
    WorkspaceAccountView,
    WorkspaceChanges,
    WorkspaceOrder,
    WorkspacePage,
    WorkspaceView,
    view_account,
)
from app.api.protocol.bodies import JsonRoute
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Admin, ApiSettings, Artifacts, Read, Work
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer, Idempotent
from app.api.protocol.pages import DEFAULT_LIMIT, Cursor, Limit, cut, next_page, read_cursor
from app.api.reference.examples import WORKSPACE_CHANGE_EXAMPLES, WORKSPACE_EXAMPLES
from app.domain.errors import Conflict, IdempotencyInFlight, InUse
from app.services.accounts.create_workspace import NewWorkspace, create_workspace
from app.services.accounts.delete_workspace import delete_workspace
from app.services.accounts.edit_workspace import edit_workspace
from app.services.accounts.get_workspace import get_workspace
from app.services.accounts.list_workspaces import list_workspaces

router = APIRouter(
    prefix="/v1/workspaces", tags=["access"], responses=ALWAYS, route_class=JsonRoute
)


class NewWorkspaceView(WorkspaceView):
    """A new workspace with its first key."""

    admin_key: NewKeyView
    """A first key with all scopes, with its secret."""


@router.post(
    "",
    status_code=201,
    response_model=NewWorkspaceView,
    responses=documented(415, IdempotencyInFlight()),
    operation_id="create_workspace",
    summary="Create a workspace",
    response_description="The workspace and its first key.",
)
def post_workspace(
    order: Annotated[WorkspaceOrder, Body(openapi_examples=WORKSPACE_EXAMPLES)],
    caller: Admin,
    settings: ApiSettings,
    idempotent: Idempotent,
) -> Response:
    """For operators, the admins of the first workspace. The answer contains the first key."""
    return idempotent.answer(
        lambda work: _created(
            create_workspace(
                work,
                caller_workspace_id=caller.workspace_id,
                name=order.name,
                own_quotas=order.quotas.model_dump(),
                secret=settings.secret,
            )
        )
    )


@router.get(
    "",
    response_model=WorkspacePage,
    responses=NOT_MODIFIED,
    operation_id="list_workspaces",
    summary="List workspaces",
    response_description="A page of workspaces.",
)
def get_workspaces(
    request: Request,
    caller: Admin,
    read: Read,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Oldest first. Operators see all workspaces, others only their own."""
    found = read(lambda work: list_workspaces(work, caller_workspace_id=caller.workspace_id))
    page, last = cut(found, limit=limit, after=read_cursor(cursor))
    following = next_page(request, last)
    items = list(map(WorkspaceView.of, page))
    return conditional_json(request, WorkspacePage(items=items, next=following))


@router.get(
    "/{workspace_id}",
    response_model=WorkspaceAccountView,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="get_workspace",
    summary="Read a workspace",
    response_description="The workspace with its quotas and usage.",
)
def get_one_workspace(
    request: Request, workspace_id: UUID, caller: Admin, read: Read, settings: ApiSettings
) -> Response:
    """With quotas and usage. Operators see any workspace, others only their own."""
    account = read(
        lambda work: get_workspace(
            work,
            caller_workspace_id=caller.workspace_id,
            workspace_id=workspace_id,
            quotas=settings.quotas,
        )
    )
    return conditional_json(request, view_account(account))


@router.patch(
    "/{workspace_id}",
    responses=documented(404, 415),
    operation_id="update_workspace",
    summary="Change a workspace",
    response_description="The workspace with its new name and quotas.",
)
def patch_workspace(
    workspace_id: UUID,
    changes: Annotated[
        WorkspaceChanges,
        Body(
            media_type="application/merge-patch+json",
            openapi_examples=WORKSPACE_CHANGE_EXAMPLES,
        ),
    ],
    caller: Admin,
    work: Work,
    settings: ApiSettings,
) -> WorkspaceAccountView:
    """Merge patch (RFC 7396) of name and quotas, for operators.

    Null restores the installation's quota. Nothing is deleted where usage exceeds a new quota.
    """
    return view_account(
        edit_workspace(
            work,
            caller_workspace_id=caller.workspace_id,
            workspace_id=workspace_id,
            changes=changes.columns(),
            quotas=settings.quotas,
        )
    )


@router.delete(
    "/{workspace_id}",
    status_code=204,
    responses=documented(404, InUse(), Conflict("The first workspace cannot be deleted.")),
    operation_id="delete_workspace",
    summary="Delete a workspace",
    response_description="The workspace and everything in it are deleted.",
)
def remove_workspace(workspace_id: UUID, caller: Admin, work: Work, artifacts: Artifacts) -> None:
    """Deletes its keys, data sets, runs and files too. 409 while a run has not ended."""
    delete_workspace(
        work,
        artifacts=artifacts,
        caller_workspace_id=caller.workspace_id,
        workspace_id=workspace_id,
    )


def _created(new: NewWorkspace) -> Answer:
    key = view_new_key(new.admin_key)
    view = NewWorkspaceView.of(new.workspace, admin_key=key)
    kept = view.model_copy(update={"admin_key": key.model_copy(update={"key": None})})
    return Answer(status=201, body=view, kept_body=kept)
