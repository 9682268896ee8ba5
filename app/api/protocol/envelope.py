"""Middleware for all answers: request ids, security headers, metrics, unexpected errors."""

import logging
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from uuid import uuid4

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.protocol.problems import problem_response

logger = logging.getLogger(__name__)

REQUEST_ID = "X-Request-ID"
_REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,128}")

#: From OWASP ASVS 3.4. A route may set other values, as the docs page does.
SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000",
        "Cache-Control": "no-store",
    }
)

REQUESTS = Counter(
    "clinic_http_requests_total", "Requests answered.", ("method", "route", "status")
)
DURATIONS = Histogram(
    "clinic_http_request_duration_seconds",
    "Seconds until the first byte of the answer.",
    ("method", "route"),
)
_METHODS = frozenset({"GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"})


class Envelope:
    """ASGI middleware: gives the request an id, adds headers to the answer, and counts it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        if scope["method"] == "HEAD":
            scope, receive, send = _as_get(scope, receive, send)
        started_at = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                _count(scope, message["status"], time.perf_counter() - started_at)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class UnexpectedErrors:
    """ASGI middleware: logs an exception that nothing else handled, and answers a bare 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            if scope["type"] != "http" or has_started:
                raise
            logger.exception("request %s failed", scope["state"]["request_id"])
            response = problem_response(
                scope,
                HTTPStatus.INTERNAL_SERVER_ERROR,
                code="internal_error",
                detail="The service failed. Its log has the reason under this request id.",
            )
            await response(scope, receive, send)


def _as_get(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """Turn a HEAD into a GET whose body is not sent. A stream is told that its client has gone."""
    has_started = False

    async def send_start(message: Message) -> None:
        nonlocal has_started
        if message["type"] == "http.response.start":
            has_started = True
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    async def receive_disconnect() -> Message:
        return {"type": "http.disconnect"} if has_started else await receive()

    return {**scope, "method": "GET"}, receive_disconnect, send_start


def _request_id(scope: Scope) -> str:
    """The id that the client sent, where it is safe in a log; otherwise a new one."""
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _REQUEST_ID_PATTERN.fullmatch(given) else uuid4().hex


def _count(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = getattr(scope.get("route"), "path", "unmatched")
    REQUESTS.labels(method=method, route=route, status=str(status)).inc()
    DURATIONS.labels(method=method, route=route).observe(seconds)
