"""Routes for API keys: create, list, revoke."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from pydantic import Field, field_validator
from starlette.responses import Response

from app.api.models.instants import Instant
from app.api.models.request import RequestModel
from app.api.models.view import View
from app.api.protocol.bodies import JsonRoute
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Admin, ApiSettings, Read, Work
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer, Idempotent
from app.api.protocol.pages import DEFAULT_LIMIT, Cursor, Limit, cut, next_page, read_cursor
from app.api.reference.examples import KEY_EXAMPLES
from app.domain.access import Scope
from app.domain.errors import IdempotencyInFlight, LastAdminKey
from app.domain.specs.base import AtMost, CleanText
from app.services.accounts.create_key import NewKey
from app.services.accounts.issue_key import issue_key
from app.services.accounts.list_keys import list_keys
from app.services.accounts.revoke_key import revoke_key

router = APIRouter(prefix="/v1/api-keys", tags=["access"], responses=ALWAYS, route_class=JsonRoute)


class KeyOrder(RequestModel):
    """Scopes and expiry of a new key."""

    name: CleanText = Field("", max_length=200)
    """What the key is for."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1), AtMost(most=len(Scope))]
    """What its holder may do."""
    expires_at: Instant | None = None
    """Null: the key is valid until it is revoked."""

    @field_validator("expires_at")
    @classmethod
    def _is_in_the_future(cls, value: datetime | None) -> datetime | None:
        if value is not None and value <= datetime.now(UTC):
            detail = "must lie in the future"
            raise ValueError(detail)
        return value


class KeyView(View):
    """A key, without the secret itself."""

    id: UUID
    """Id of the key; it is no secret."""
    name: str
    """What the key is for."""
    scopes: list[Scope]
    """What its holder may do."""
    prefix: str
    """The first characters of the key."""
    last4: str
    """The last characters of the key."""
    created_at: datetime
    """When it was made."""
    last_used_at: datetime | None
    """Precise to the minute."""
    expires_at: datetime | None
    """When it stops being valid; null for never."""
    revoked_at: datetime | None
    """When it was revoked; null where it was not."""


class NewKeyView(KeyView):
    """A new key, with the secret itself."""

    key: str | None
    """Shown only in this answer. Null when the answer is replayed for an Idempotency-Key."""


class KeyPage(View):
    """One page of API keys."""

    items: list[KeyView]
    """Keys, the oldest first."""
    next: str | None
    """URL of the next page; null on the last page."""


@router.post(
    "",
    status_code=201,
    response_model=NewKeyView,
    responses=documented(415, IdempotencyInFlight()),
    operation_id="create_api_key",
    summary="Create an API key",
    response_description="The new key. No later answer contains its secret.",
)
def post_key(
    order: Annotated[KeyOrder, Body(openapi_examples=KEY_EXAMPLES)],
    caller: Admin,
    settings: ApiSettings,
    idempotent: Idempotent,
) -> Response:
    """Only this answer contains the key. A key can grant only scopes that it has itself."""
    return idempotent.answer(
        lambda work: _created(
            issue_key(
                work,
                caller=caller,
                name=order.name,
                scopes=order.scopes,
                secret=settings.secret,
                expires_at=order.expires_at,
            )
        )
    )


@router.get(
    "",
    response_model=KeyPage,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="list_api_keys",
    summary="List API keys",
    response_description="A page of keys, without their secrets.",
)
def get_keys(
    request: Request,
    caller: Admin,
    read: Read,
    workspace_id: Annotated[
        UUID | None, Query(description="For operators. Default: the caller's workspace.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Oldest first, including revoked keys."""
    keys = read(
        lambda work: list_keys(
            work,
            caller_workspace_id=caller.workspace_id,
            workspace_id=workspace_id or caller.workspace_id,
        )
    )
    page, last = cut(keys, limit=limit, after=read_cursor(cursor))
    following = next_page(request, last)
    return conditional_json(request, KeyPage(items=list(map(KeyView.of, page)), next=following))


@router.delete(
    "/{key_id}",
    status_code=204,
    responses=documented(404, LastAdminKey()),
    operation_id="revoke_api_key",
    summary="Revoke an API key",
    response_description="The key is revoked.",
)
def delete_key(key_id: UUID, caller: Admin, work: Work) -> None:
    """The key is refused from the next request on, and its waiting requests end. It stays listed.

    The last admin key of the own workspace is refused with 409 until another one has its scopes and
    expires no earlier. Operators revoke keys of any other workspace, also the last ones.
    """
    revoke_key(work, caller_workspace_id=caller.workspace_id, key_id=key_id)


def view_new_key(new: NewKey) -> NewKeyView:
    return NewKeyView.of(new.stored, key=new.secret)


def _created(new: NewKey) -> Answer:
    view = view_new_key(new)
    return Answer(status=201, body=view, kept_body=view.model_copy(update={"key": None}))
