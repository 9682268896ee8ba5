"""Renders pages: the templates, the policy for what they may load, and errors as pages."""

from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import RedirectResponse, Response

from app import __version__
from app.api.protocol.browser import session_token
from app.api.protocol.conditional import conditional
from app.api.protocol.deps import sign_in
from app.api.protocol.problems import status_of
from app.api.protocol.root_path import at, path_of
from app.api.protocol.shared_route import answer_shared
from app.dashboard.assets import asset_url
from app.dashboard.event_words import event_text
from app.dashboard.words import FILTERS, sparkline, sparkline_marks
from app.domain.access import Scope
from app.domain.errors import ClinicError, Unauthenticated

#: Everything comes from this server. Charts set styles by script, which no policy forbids.
_SOURCES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)
POLICY = f"{_SOURCES}; frame-ancestors 'none'"
_OURS = "'self'"
_TEMPLATES = Environment(
    loader=PackageLoader("app.dashboard"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(FILTERS)
_TEMPLATES.globals.update(
    asset=asset_url,
    version=__version__,
    sparkline=sparkline,
    marks=sparkline_marks,
    event_text=event_text,
)


def policy_in_frames(origins: Sequence[str]) -> str:
    """Returns the policy of a page that pages of these origins, and ours, may show in a frame."""
    return f"{_SOURCES}; frame-ancestors {' '.join((_OURS, *origins))}"


class PageRoute(APIRoute):
    """A page for people who have signed in. Others are sent to the sign-in page and back."""

    #: Whether it is the same for all of a workspace who have the same scopes.
    is_shared: ClassVar[bool] = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def sign_in_and_handle(request: Request) -> Response:
            try:
                await sign_in(request)
                return await (answer_shared(request, handle) if self.is_shared else handle(request))
            except Unauthenticated:
                return RedirectResponse(sign_in_url(request), status_code=HTTPStatus.SEE_OTHER)
            except ClinicError as error:
                return error_page(request, status_of(error), error.detail)
            except RequestValidationError as error:
                detail = str(error.errors()[0]["msg"])
                return error_page(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail)

        return sign_in_and_handle


class SharedPageRoute(PageRoute):
    """A page that many look at while a run goes on."""

    is_shared = True


def render(
    request: Request,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    twin: str | None = None,
    policy: str = POLICY,
    **context: object,
) -> Response:
    """Renders a template of `templates/`. `twin` is the address of the same as JSON."""
    caller = getattr(request.state, "caller", None)
    page = fill(
        template,
        caller=caller,
        can_write=caller is not None and Scope.RUNS_WRITE in caller.scopes,
        has_session=session_token(request) is not None,
        path=path_of(request.scope),
        twin=twin and at(twin),
        **context,
    )
    # a page that is live is read every few seconds, mostly unchanged
    response = (
        conditional(request, page.encode(), media_type="text/html")
        if status == HTTPStatus.OK
        else Response(page, status_code=status, media_type="text/html")
    )
    response.headers["Content-Security-Policy"] = policy
    return response


def fill(template: str, **context: object) -> str:
    """Returns a template of `templates/` with these values; texts are escaped."""
    return _TEMPLATES.get_template(template).render(root=at(""), **context)


def error_page(request: Request, status: int, detail: str) -> Response:
    """A page that says what went wrong and where to go on."""
    title = HTTPStatus(status).phrase
    return render(request, "error.html", status=status, title=title, detail=detail)


def sign_in_url(request: Request) -> str:
    """The address of the sign-in page that leads back to this one."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return at("/sign-in") + (
        "" if here == at("/") else "?" + urlencode({"next": here}, quote_via=quote)
    )
