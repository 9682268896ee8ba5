"""The OpenAPI document as it is sent: rendered and compressed once for each root path.

It is large, and anybody may ask for it.
"""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, Lock, to_thread
from fastapi import Request
from pydantic import JsonValue
from starlette.responses import Response

from app.api.protocol.compression import COMPRESSION
from app.api.protocol.conditional import POLLED, unchanged
from app.api.protocol.root_path import at

#: Root paths whose documents are kept. One may come from a header.
MAX_KEPT = 4
_JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class _Rendered:
    body: bytes
    compressed: bytes
    etag: str


class PublishedDocument:
    """Answers with the document that `make` returns. Use it from the event loop alone."""

    def __init__(self, make: Callable[[], dict[str, JsonValue]]) -> None:
        self._make = make
        self._rendered: dict[str, _Rendered] = {}
        self._lock = Lock()
        # a thread of its own: those of the routes may all wait for the database
        self._thread = CapacityLimiter(1)

    async def answer(self, request: Request) -> Response:
        """Returns the document, or 304 where `If-None-Match` names it."""
        rendered = await self._render_once(at(""))
        same = unchanged(request, rendered.etag)
        if same is not None:
            return same
        headers = {"ETag": rendered.etag, "Cache-Control": POLLED, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(rendered.compressed, media_type=_JSON, headers=headers)
        return Response(rendered.body, media_type=_JSON, headers=headers)

    async def _render_once(self, root: str) -> _Rendered:
        """The first document takes about a second, during which others are answered."""
        if root not in self._rendered:
            async with self._lock:
                if root not in self._rendered:
                    made = await to_thread.run_sync(self._render, root, limiter=self._thread)
                    if len(self._rendered) >= MAX_KEPT:
                        del self._rendered[next(iter(self._rendered))]
                    self._rendered[root] = made
        return self._rendered[root]

    def _render(self, root: str) -> _Rendered:
        servers: dict[str, JsonValue] = {"servers": [{"url": root}]} if root else {}
        body = json.dumps({**self._make(), **servers}, ensure_ascii=False).encode()
        return _Rendered(
            body=body,
            compressed=gzip.compress(body, COMPRESSION, mtime=0),
            etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        )
