"""Caps bodies while they arrive, and checks JSON for what neither it nor PostgreSQL can hold.

The framework's own parser takes NaN, 1e400 and lone surrogates, and answers a nesting it cannot
follow with a bare 400; each of them is a problem with its place here.
"""

import json
import math
from collections.abc import Iterator
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.protocol.pointers import MAX_PROBLEMS, escaped
from app.api.protocol.problems import clinic_error_response, problem_response
from app.domain.errors import InvalidInput, Problem

MAX_DEPTH = 40
#: What PostgreSQL's bigint and every JSON reader of note can hold.
MAX_INTEGER = 2**63 - 1
UPLOADS = "/v1/datasets"


class BodyGuard:
    """ASGI middleware: reads JSON bodies whole, under a cap, and checks them; counts others."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, max_upload_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cap = self._max_upload_bytes if scope["path"] == UPLOADS else self._max_body_bytes
        if _declared_length(headers) > cap:
            response = _too_large(scope, cap)
            await response(scope, receive, send)
        elif is_json(headers.get("content-type", "")) and scope["path"] != UPLOADS:
            await self._check_json(scope, receive, send, cap=cap)
        else:
            await self._app(scope, _counted(receive, cap=cap), send)

    async def _check_json(self, scope: Scope, receive: Receive, send: Send, *, cap: int) -> None:
        body = bytearray()
        is_complete = False
        while not is_complete:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client has gone
            body += message.get("body", b"")
            is_complete = not message.get("more_body", False)
            if len(body) > cap:
                await _too_large(scope, cap)(scope, receive, send)
                return
        problems = problems_of_json(bytes(body)) if body else []
        if problems:
            error = InvalidInput(f"The body is not valid. {problems[0]}", problems=problems)
            await clinic_error_response(scope, error)(scope, receive, send)
            return
        await self._app(scope, _replayed(bytes(body), receive), send)


def is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("application/") and (
        kind == "application/json" or kind.endswith("+json")
    )


def problems_of_json(body: bytes) -> list[Problem]:
    """What is wrong with a JSON text before its meaning is looked at; empty when nothing is."""
    try:
        document = json.loads(body.decode())
    except UnicodeDecodeError as error:
        return [_whole("json_not_utf8", f"The body is not UTF-8: byte {error.start}.")]
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return [_whole("json_invalid", f"The body is not JSON: {error.msg}, {place}.")]
    except RecursionError:
        return [_whole("json_too_deep", f"The body nests deeper than {MAX_DEPTH} levels.")]
    except ValueError:  # Python reads no integer of more than 4300 digits
        return [_whole("integer_out_of_range", "The body has an integer that nothing can hold.")]
    problems: list[Problem] = []
    for problem in _walk(document):
        problems.append(problem)
        if len(problems) == MAX_PROBLEMS:
            break
    return problems


def _whole(code: str, detail: str) -> Problem:
    return Problem(pointer="", detail=detail, code=code)


def _walk(document: object) -> Iterator[Problem]:
    waiting: list[tuple[str, int, object]] = [("", 0, document)]
    while waiting:
        pointer, depth, value = waiting.pop()
        if depth > MAX_DEPTH:
            detail = f"Nests deeper than {MAX_DEPTH} levels."
            yield Problem(pointer=pointer, detail=detail, code="json_too_deep")
        elif isinstance(value, dict):
            for key, child in value.items():
                place = f"{pointer}/{escaped(key)}"
                yield from _wrong_text(pointer, key)
                waiting.append((place, depth + 1, child))
        elif isinstance(value, list):
            waiting.extend(
                (f"{pointer}/{index}", depth + 1, child) for index, child in enumerate(value)
            )
        else:
            yield from _wrong_scalar(pointer, value)


def _wrong_scalar(pointer: str, value: object) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _wrong_text(pointer, value)
    elif isinstance(value, float) and not math.isfinite(value):
        detail = "Must be a finite number."
        yield Problem(pointer=pointer, detail=detail, code="finite_number")
    elif isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        detail = "Must be an integer of at most 64 bits."
        yield Problem(pointer=pointer, detail=detail, code="integer_out_of_range")


def _wrong_text(pointer: str, text: str) -> Iterator[Problem]:
    if "\x00" in text:
        detail = "Must not contain the NUL character."
        yield Problem(pointer=pointer, detail=detail, code="nul_character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        detail = "Must not contain lone surrogates."
        yield Problem(pointer=pointer, detail=detail, code="lone_surrogate")


def _declared_length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0  # noqa: PLR2004 - fits 64 bits


def _too_large(scope: Scope, cap: int) -> ASGIApp:
    return problem_response(
        scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, code="too_large", detail=_over(cap)
    )


def _over(cap: int) -> str:
    return f"The body is larger than {cap} bytes."


def _counted(receive: Receive, *, cap: int) -> Receive:
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > cap:
            # the framework passes these through, and wraps every other error into a bare 400
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail=_over(cap))
        return message

    return counted


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_sent = False

    async def replayed() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()  # only a disconnect can follow
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
