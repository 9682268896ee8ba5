"""List the acts in the audit log, newest first, in pages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.audit import Act
from app.domain.errors import NotFound
from app.services.accounts.check_operator import is_operator
from app.store.audit import AuditedAct, page_of_acts
from app.store.database import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class ActList:
    """One page of acts."""

    items: tuple[AuditedAct, ...]
    #: (created_at, id) of the last item when more follow, otherwise None.
    last: tuple[datetime, UUID] | None


def list_acts(
    work: UnitOfWork,
    *,
    caller_workspace_id: UUID,
    workspace_id: UUID | None,
    act: Act | None,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> ActList:
    """The operator sees the acts in all workspaces, others those in their own.

    Raises NotFound where `workspace_id` is a workspace that the caller may not see.
    """
    visible = _visible(work, caller_workspace_id, workspace_id)
    # one row more than the page shows whether there is a next page
    found = page_of_acts(work.session, visible, act=act, limit=limit + 1, after=after)
    page = tuple(found[:limit])
    has_more = len(found) > limit
    return ActList(items=page, last=(page[-1].created_at, page[-1].id) if has_more else None)


def _visible(work: UnitOfWork, caller: UUID, wanted: UUID | None) -> UUID | None:
    """The workspace whose acts are listed; None for all."""
    if is_operator(work, workspace_id=caller):
        return wanted
    if wanted not in {None, caller}:
        raise NotFound
    return caller
