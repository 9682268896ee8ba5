"""Sign in with an API key, and sign out."""

from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from app.api.protocol.bodies import LimitedRequest
from app.api.protocol.browser import (
    check_same_origin,
    drop_session,
    session_token,
    set_session,
)
from app.api.protocol.deps import ProcessResources, Resources, sign_in
from app.api.protocol.problems import status_of
from app.api.protocol.root_path import at
from app.dashboard.pages import error_page, render
from app.domain.errors import ClinicError, Forbidden, Unauthenticated
from app.domain.tokens import digest_of
from app.services.accounts.browser_sessions import OpenedSession, close_session, open_session
from app.store.database import unit_of_work

router = APIRouter(include_in_schema=False)

HOME = "/runs"
#: A key and an address of ours are far shorter.
MAX_FORM_BYTES = 4096


@router.get("/")
async def get_root(request: Request) -> Response:
    """To the runs; from there a stranger is sent to the sign-in page."""
    try:
        await sign_in(request)
    except ClinicError:
        return _to(at("/sign-in"))
    return _to(at(HOME))


@router.get("/sign-in")
def get_sign_in(request: Request) -> Response:
    return render(
        request, "sign_in.html", next=safe_path(request.query_params.get("next")), problem=None
    )


@router.post("/sign-in")
async def post_sign_in(request: Request, resources: ProcessResources) -> Response:
    """Takes the key once; from then on the browser holds a cookie that no script can read."""
    try:
        check_same_origin(request)
    except Forbidden as error:
        return error_page(request, status_of(error), error.detail)
    body = await LimitedRequest(request, max_bytes=MAX_FORM_BYTES).body()
    form = parse_qs(body.decode(errors="replace"))  # no key has such bytes, and is refused as wrong
    leads_to = safe_path(form.get("next", [""])[0])
    key = form.get("key", [""])[0].strip()
    try:
        opened = await run_in_threadpool(
            _open, resources, key=key, can_write=form.get("can_write") == ["yes"]
        )
    except (Unauthenticated, Forbidden) as error:
        return render(
            request,
            "sign_in.html",
            status=status_of(error),
            next=leads_to,
            problem=_problem(error, key),
        )
    response = _to(leads_to)
    set_session(request, response, opened.token)
    return response


@router.post("/sign-out")
async def post_sign_out(request: Request, resources: ProcessResources) -> Response:
    token = session_token(request)
    if token is not None:
        check_same_origin(request)
        await run_in_threadpool(_close, resources, token)
        resources.event_hub.forget(digest_of(token, secret=resources.settings.secret))
    response = _to(at("/sign-in"))
    drop_session(response)
    return response


def safe_path(given: str | None) -> str:
    """Returns a path of this server; the home page for anything that might lead elsewhere."""
    is_path = given is not None and given.startswith("/") and not given.startswith("//")
    if not is_path or given is None or "\\" in given or not given.isprintable():
        return at(HOME)
    return given


def _open(resources: Resources, *, key: str, can_write: bool) -> OpenedSession:
    with unit_of_work(resources.engine) as work:
        return open_session(work, secret=resources.settings.secret, key=key, can_write=can_write)


def _close(resources: Resources, token: str) -> None:
    with unit_of_work(resources.engine) as work:
        close_session(work, secret=resources.settings.secret, token=token)


def _problem(error: ClinicError, key: str) -> str:
    if not key:
        return "Enter an API key."
    if isinstance(error, Unauthenticated):
        return "This key is not valid: it is mistyped, revoked or expired."
    return error.detail


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)
