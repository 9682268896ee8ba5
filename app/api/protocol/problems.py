"""Errors as problem+json (RFC 9457), and the table from error class to HTTP status."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from types import MappingProxyType

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Scope

from app.api.protocol.pointers import problems_of
from app.api.protocol.root_path import path_of
from app.domain.errors import (
    ArtifactsUnavailable,
    ClinicError,
    Conflict,
    Fenced,
    FileDamaged,
    Forbidden,
    IdempotencyInFlight,
    InvalidInput,
    Misconfigured,
    NotFound,
    Overloaded,
    Problem,
    QuotaReached,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from app.services.runs.admit_run import QueueRoom

PROBLEM_TYPE = "application/problem+json"
STATUS_OF: Mapping[type[ClinicError], HTTPStatus] = MappingProxyType(
    {
        NotFound: HTTPStatus.NOT_FOUND,
        Unauthenticated: HTTPStatus.UNAUTHORIZED,
        Forbidden: HTTPStatus.FORBIDDEN,
        InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
        Conflict: HTTPStatus.CONFLICT,
        FileDamaged: HTTPStatus.GONE,
        ArtifactsUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        Overloaded: HTTPStatus.TOO_MANY_REQUESTS,
        Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        Fenced: HTTPStatus.CONFLICT,
        Misconfigured: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)

#: How to authenticate, or when to try again.
HEADERS_OF: Mapping[HTTPStatus, Mapping[str, str]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Bearer realm="gradient-clinic"'},
        HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "5"},
        HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "2"},
    }
)

#: Codes of errors that FastAPI and Starlette raise.
_FRAMEWORK_CODES: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.NOT_FOUND: "not_found",
        HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
        HTTPStatus.NOT_ACCEPTABLE: "not_acceptable",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
        HTTPStatus.BAD_REQUEST: "unreadable_request",
    }
)


class ProblemEntry(BaseModel):
    """One error and its place."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pointer: str = Field(examples=["/optimizer/learning_rate"])
    """JSON pointer into the body, or `query/<name>`, `header/<name>`, `path/<name>`."""
    detail: str = Field(examples=["Input should be greater than 0"])
    """What is wrong there, for people."""
    code: str = Field(examples=["greater_than"])
    """Stable, for programs."""


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = Field(examples=["urn:gradient-clinic:problem:invalid_input"])
    """URN of the kind of problem; it ends with `code`."""
    title: str
    """Phrase of the status."""
    status: int
    """The HTTP status."""
    detail: str
    """What went wrong in this request, for people."""
    instance: str
    """Path of the request."""
    code: str
    """Stable, for programs."""
    request_id: str
    """`X-Request-ID`, under which the log has the request."""
    errors: list[ProblemEntry]
    """Errors of a request that is not valid, with their places."""


def problem_response(
    scope: Scope,
    status: int,
    *,
    code: str,
    detail: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    document = {
        "type": f"urn:gradient-clinic:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "instance": scope["path"],
        "code": code,
        "request_id": scope.get("state", {}).get("request_id", ""),
        "errors": [asdict(problem) for problem in problems],
    }
    known = HEADERS_OF.get(HTTPStatus(status), {})
    return Response(
        json.dumps(document),  # ASCII, so it is valid UTF-8 whatever the path contains
        status_code=status,
        media_type=PROBLEM_TYPE,
        headers={**known, **(headers or {})},
    )


def status_of(error: ClinicError) -> HTTPStatus:
    """Returns the status of the answer to an error."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def clinic_error_response(scope: Scope, error: ClinicError) -> Response:
    status = status_of(error)
    problems = error.problems if isinstance(error, InvalidInput) else ()
    return problem_response(
        scope,
        status,
        code=error.code,
        detail=error.detail,
        problems=problems,
        headers=_headers_of(error),
    )


def _headers_of(error: ClinicError) -> Mapping[str, str]:
    match error:
        case QuotaReached():
            return quota_headers(error)
        case TooManyRequests():
            wait_s = max(1, math.ceil(error.retry_after_s))
            return {
                "RateLimit-Policy": f'"{error.limit}";q={error.most};w={error.window_s}',
                "RateLimit": f'"{error.limit}";r=0;t={wait_s}',
                "Retry-After": str(wait_s),
            }
        case IdempotencyInFlight():
            return {"Retry-After": "1"}
        case _:
            return {}


def quota_headers(reached: QuotaReached) -> dict[str, str]:
    headers = limit_headers(reached.quota, most=reached.most, num_left=reached.num_left)
    if reached.window_s is not None:
        headers["RateLimit-Policy"] += f";w={reached.window_s}"
    if reached.retry_after_s is not None:
        wait_s = max(1, math.ceil(reached.retry_after_s))
        headers["RateLimit"] += f";t={wait_s}"
        headers["Retry-After"] = str(wait_s)
    return headers


def limit_headers(quota: str, *, most: int, num_left: int) -> dict[str, str]:
    """A quota, and what is left of it (draft-ietf-httpapi-ratelimit-headers)."""
    return {"RateLimit-Policy": f'"{quota}";q={most}', "RateLimit": f'"{quota}";r={num_left}'}


def queue_headers(room: QueueRoom) -> dict[str, str]:
    return limit_headers("queued-runs", most=room.max_queued_runs, num_left=room.num_left)


def install_problem_handlers(app: FastAPI) -> None:
    """Make the app answer the service's and the framework's errors as problems."""

    async def on_clinic_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ClinicError)  # noqa: S101 - registered for this class
        return clinic_error_response(request.scope, error)

    async def on_invalid_request(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
        return _invalid_request_response(request, error)

    async def on_disconnect(request: Request, _error: Exception) -> Response:
        return problem_response(
            request.scope,
            HTTPStatus.BAD_REQUEST,
            code="unreadable_request",
            detail="The connection was closed before the whole body had arrived.",
        )

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
        return _http_error_response(request, error)

    app.add_exception_handler(ClinicError, on_clinic_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(ClientDisconnect, on_disconnect)


def _invalid_request_response(request: Request, error: RequestValidationError) -> Response:
    if isinstance(error.body, bytes):  # FastAPI parses JSON alone
        return problem_response(
            request.scope,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            code="unsupported_media_type",
            detail="The body must be JSON, with a JSON Content-Type.",
        )
    problems = problems_of(error.errors(), body=error.body)
    where = f" {problems[0]}" if problems else ""
    return problem_response(
        request.scope,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        code=InvalidInput.code,
        detail=f"The request is not valid.{where}",
        problems=problems,
    )


def _http_error_response(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path}."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_of(request))
        detail = f"This path allows {headers['Allow']}."
    return problem_response(
        request.scope,
        error.status_code,
        code=_FRAMEWORK_CODES.get(error.status_code, "refused"),
        detail=detail,
        headers=headers,
    )


def _methods_of(request: Request) -> list[str]:
    """The methods of all routes with this path; Starlette names those of the first route alone."""
    path = path_of(request.scope)
    allowed: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(path):
            allowed |= route.methods or set()
    return sorted(allowed | ({"HEAD"} if "GET" in allowed else set()))
