"""The session of a browser: its cookie, and the check that a page of ours sent a request."""

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from app.api.protocol.root_path import at
from app.domain.errors import Forbidden
from app.services.accounts.browser_sessions import DURATION_S

COOKIE = "clinic_session"
#: Methods that change nothing (RFC 9110, 9.2.1).
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def session_token(connection: HTTPConnection) -> str | None:
    """The token of the browser's session; None without a cookie.

    A request with an `Authorization` header has no session: it is a client's, not a page's.
    """
    if "authorization" in connection.headers:
        return None
    return connection.cookies.get(COOKIE) or None


def set_session(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(DURATION_S),
        httponly=True,
        samesite="lax",
        path=at("/"),
        secure=request.url.scheme == "https",
    )


def drop_session(response: Response) -> None:
    response.delete_cookie(COOKIE, path=at("/"), httponly=True, samesite="lax")


def check_same_origin(request: Request) -> None:
    """Raises Forbidden for a request that changes something and was not sent by a page of ours.

    A browser sends the cookie with requests of other sites' pages too where they are of the same
    registrable domain. It says who sent a request in headers that no page can set: `Sec-Fetch-Site`
    where the connection is secure, and `Origin` otherwise.
    """
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    # compared as texts, since an address of a stranger may be no address
    own = {f"{scheme}://{request.headers.get('host')}" for scheme in ("http", "https")}
    is_ours = origin in own if site is None else site == "same-origin"
    if not is_ours:
        detail = "A page of another origin sent this request with the cookie of a session."
        raise Forbidden(detail)
