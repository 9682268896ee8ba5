"""Views of acts in the audit log."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, JsonValue

from app.api.models.view import View
from app.domain.audit import Act


class ActView(View):
    """One act that changed something."""

    id: UUID
    """Id of the record."""
    created_at: datetime
    """When it was done."""
    workspace_id: UUID
    """The workspace to which the act was done."""
    principal: str
    """Who acted: `key:<id>` or `machine:<user>@<host>`."""
    key_id: UUID | None
    """The API key; null for a command on the server's machine."""
    address: str | None
    """The client's IP address."""
    request_id: str | None
    """`X-Request-ID` of the request."""
    act: Act
    """What was done."""
    subject_id: UUID
    """The run, data set, key or workspace to which the act was done."""
    detail: dict[str, JsonValue]
    """Depends on the act, for example the scopes of a new key."""


class ActPage(View):
    """One page of the audit log."""

    items: list[ActView]
    """Records, the newest first."""
    next: str | None = Field(examples=["/v1/audit?limit=50&cursor=WyIyMDI2…"])
    """URL of the next page; null on the last page."""
