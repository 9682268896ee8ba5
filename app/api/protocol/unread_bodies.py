"""Closes the connection after an answer that leaves a large body unread.

A server that keeps the connection must read the rest of the body to find the next request. Without
this middleware any caller could have the server read any number of bytes: with no key, at a path
that does not exist, or beyond the largest size of a body.

A connection that is closed while data arrives is reset, and the reset can overtake the end of the
answer. So the connection stays open for a moment after the answer, and nothing is read from it.
"""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.protocol.turns import give_back_turns

#: Bytes of an unread body that are still read, so that the connection can be used again.
MAX_UNREAD_BYTES = 8 * 1024
#: Seconds that a client has to receive the answer, which is complete before.
LINGER_S = 1.0


class UnreadBodies:
    """ASGI middleware: adds `Connection: close` to answers that come before the body was read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _may_be_large(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        is_read = closes = False

        async def receive_and_note() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = message["type"] == "http.request" and not message.get("more_body", False)
            return message

        async def send_with_header(message: Message) -> None:
            nonlocal closes
            if message["type"] == "http.response.start" and not is_read:
                closes = True
                MutableHeaders(scope=message)["Connection"] = "close"
            is_last = message["type"] == "http.response.body" and not message.get("more_body")
            if closes and is_last:
                await send({**message, "more_body": True})
                # the answer is complete: other requests of the same address need not wait
                give_back_turns()
                await asyncio.sleep(LINGER_S)
                await send({"type": "http.response.body"})
            else:
                await send(message)

        await self._app(scope, receive_and_note, send_with_header)


def _may_be_large(headers: Headers) -> bool:
    """Whether the body is declared larger than MAX_UNREAD_BYTES, or its size is not declared."""
    if "transfer-encoding" in headers:
        return True
    length = headers.get("content-length", "0")
    return not (length.isascii() and length.isdecimal()) or (
        len(length) > len(str(MAX_UNREAD_BYTES)) or int(length) > MAX_UNREAD_BYTES
    )
