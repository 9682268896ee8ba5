"""Reads a request's body once, under a limit, and parses JSON strictly.

FastAPI reads the body of a request before it calls any dependency, and answers each error there
with a bare 400. These routes read it first: `request.json()` gives FastAPI the value that was
parsed here, and the route's model is validated from that value.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import JsonValue
from starlette.responses import Response

from app.api.protocol.deps import resources_of, sign_in
from app.api.protocol.strict_json import parse_json
from app.domain.errors import TooLarge
from app.settings import Settings


class LimitedRequest(Request):
    """A request that refuses a body above `max_bytes`, declared or arrived."""

    def __init__(self, request: Request, *, max_bytes: int) -> None:
        super().__init__(request.scope, request.receive)
        self._max_bytes = max_bytes
        self._document: JsonValue = None
        self._is_parsed = False

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Raises TooLarge, and ClientDisconnect where the client closes the connection."""
        self._check(_declared_length(self.headers.get("content-length", "")))
        num_bytes = 0
        async with aclosing(super().stream()) as chunks:
            async for chunk in chunks:
                num_bytes += len(chunk)
                self._check(num_bytes)
                yield chunk

    async def json(self) -> JsonValue:
        """The body, parsed at the first call. Raises InvalidInput."""
        if not self._is_parsed:
            self._document = parse_json(await self.body())
            self._is_parsed = True
        return self._document

    async def read(self) -> None:
        """Read the body, and parse it where its Content-Type says that it is JSON."""
        if await self.body() and is_json(self.headers.get("content-type", "")):
            await self.json()

    def _check(self, num_bytes: int) -> None:
        if num_bytes > self._max_bytes:
            detail = f"The body is larger than {self._max_bytes} bytes."
            raise TooLarge(detail)


class JsonRoute(APIRoute):
    """An operation for callers with a key; its JSON body has at most `Settings.max_body_bytes`.

    The key is checked before anything of the body is read. No other operation takes a body.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_and_handle(request: Request) -> Response:
            await sign_in(request)
            resources = await resources_of(request)
            limited = LimitedRequest(request, max_bytes=self.max_bytes(resources.settings))
            if self.body_field is not None:
                await limited.read()
            return await handle(limited)

        return read_and_handle

    def max_bytes(self, settings: Settings) -> int:
        return settings.max_body_bytes


class UploadRoute(JsonRoute):
    """An operation that takes the bytes of a file, at most `Settings.max_upload_bytes`."""

    def max_bytes(self, settings: Settings) -> int:
        return settings.max_upload_bytes


def is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("application/") and (
        kind == "application/json" or kind.endswith("+json")
    )


def _declared_length(text: str) -> int:
    """0 where the header says nothing that fits 64 bits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0  # noqa: PLR2004 - digits
