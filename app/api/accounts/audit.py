"""GET /v1/audit: who did what, with which key and from where."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.audit import ActPage, ActView
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Admin, Read
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.pages import DEFAULT_LIMIT, Cursor, Limit, next_page, read_cursor
from app.domain.audit import Act
from app.services.accounts.list_acts import list_acts

router = APIRouter(prefix="/v1/audit", tags=["access"], responses=ALWAYS)


@router.get(
    "",
    response_model=ActPage,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="list_audit_records",
    summary="Read the audit log",
    response_description="A page of acts.",
)
def get_audit(
    request: Request,
    caller: Admin,
    read: Read,
    workspace_id: Annotated[
        UUID | None,
        Query(description="Acts in this workspace. Operators may name any, others their own."),
    ] = None,
    act: Annotated[Act | None, Query(description="Acts of this kind.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Newest first. Every act that changes something is recorded in the transaction of the act.

    Operators see the acts in all workspaces, other admins those in their own.
    """
    found = read(
        lambda work: list_acts(
            work,
            caller_workspace_id=caller.workspace_id,
            workspace_id=workspace_id,
            act=act,
            limit=limit,
            after=read_cursor(cursor),
        )
    )
    following = next_page(request, found.last)
    items = list(map(ActView.of, found.items))
    return conditional_json(request, ActPage(items=items, next=following))
