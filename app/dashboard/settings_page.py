"""The page of settings: the workspace with its quotas, API keys and the audit log, for admins."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.accounts.keys import KeyView
from app.api.models.audit import ActView
from app.api.models.workspace import view_account
from app.api.protocol.deps import ApiSettings, Read, SignedIn
from app.dashboard.pages import PageRoute, render
from app.domain.access import Scope
from app.services.accounts.get_workspace import get_workspace
from app.services.accounts.list_acts import list_acts
from app.services.accounts.list_keys import list_keys

router = APIRouter(include_in_schema=False, route_class=PageRoute)

#: Acts of the audit log that the page shows.
MAX_ACTS = 50


@router.get("/settings")
def get_settings(request: Request, caller: SignedIn, read: Read, settings: ApiSettings) -> Response:
    """Without the scope `admin` it says what the session may do. `GET /v1/api-keys` is its twin."""
    if Scope.ADMIN not in caller.scopes:
        return render(request, "settings.html", twin=None, account=None, scopes=sorted(Scope))
    own = caller.workspace_id
    account = read(
        lambda work: get_workspace(
            work, caller_workspace_id=own, workspace_id=own, quotas=settings.quotas
        )
    )
    keys = read(lambda work: list_keys(work, caller_workspace_id=own, workspace_id=own))
    acts = read(
        lambda work: list_acts(
            work,
            caller_workspace_id=own,
            workspace_id=own,
            act=None,
            limit=MAX_ACTS,
            after=None,
        )
    )
    return render(
        request,
        "settings.html",
        twin="/v1/api-keys",
        account=view_account(account),
        keys=list(map(KeyView.of, keys)),
        acts=list(map(ActView.of, acts.items)),
        scopes=sorted(Scope),
    )
