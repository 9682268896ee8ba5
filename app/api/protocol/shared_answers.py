"""Answers that the viewers of one run share, for clients that take one that is a moment old.

A client says so by `Cache-Control: max-age=2` in its request (RFC 9111, 5.2.1.1), as the pages do
that follow a run. Fifty of them then cost the database what one does. Without it every answer is
computed anew.
"""

import asyncio
import gzip
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Request
from starlette.responses import Response

from app.api.protocol.compression import COMPRESSED_FROM, COMPRESSION
from app.api.protocol.conditional import unchanged

#: Seconds; a client that takes an older answer gets one of this age at most.
MAX_AGE_S = 5.0
#: Bytes of answers that are kept, both plain and compressed.
KEPT_BYTES = 32 * 2**20
#: A longer answer is not shared.
MAX_BYTES = 4 * 2**20
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age=(\d{1,6})\s*(?:,|$)")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def accepted_age_s(request: Request) -> float:
    """Returns how old an answer may be; 0 where the client wants a new one."""
    found = _MAX_AGE.search(request.headers.get("cache-control", ""))
    is_read = request.method in {"GET", "HEAD"}
    return min(MAX_AGE_S, float(found[1])) if found and is_read else 0.0


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """A success, as it is sent to everybody."""

    made_at: float
    headers: dict[str, str]
    body: bytes
    compressed: bytes

    @property
    def num_bytes(self) -> int:
        return len(self.body) + len(self.compressed)


class SharedAnswers:
    """Keeps answers for a moment. Use it from the event loop alone."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._kept_bytes = 0
        self._under_way: dict[Hashable, asyncio.Future[_Answer | None]] = {}

    async def answer(self, request: Request, key: Hashable, handle: Handler) -> Response:
        """Returns an answer that is young enough, or computes it once for all who wait for it.

        `key` names all that the answer depends on besides the address. Only successes are shared.
        """
        place = (key, request.url.path, request.url.query)
        known = self._kept.get(place)
        if known is None or time.monotonic() - known.made_at > accepted_age_s(request):
            if place in self._under_way:
                known = await asyncio.shield(self._under_way[place])
            else:
                return await self._compute(request, place, handle)
        return await handle(request) if known is None else _sent(request, known)

    async def _compute(self, request: Request, place: Hashable, handle: Handler) -> Response:
        future = self._under_way[place] = asyncio.get_running_loop().create_future()
        made: _Answer | None = None
        try:
            began_at = time.monotonic()
            response = await handle(_unconditional(request))
            if response.status_code == HTTPStatus.OK and len(response.body) <= MAX_BYTES:
                made = _kept(response, began_at)
                self._keep(place, made)
            return response if made is None else _sent(request, made)
        finally:
            del self._under_way[place]
            future.set_result(made)

    def _keep(self, place: Hashable, made: _Answer) -> None:
        former = self._kept.pop(place, None)
        self._kept_bytes += made.num_bytes - (former.num_bytes if former else 0)
        self._kept[place] = made
        while self._kept_bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.num_bytes


def _unconditional(request: Request) -> Request:
    """The request without `If-None-Match`, which is the business of one viewer."""
    headers = [one for one in request.scope["headers"] if one[0] != b"if-none-match"]
    return Request({**request.scope, "headers": headers}, request.receive)


def _kept(response: Response, began_at: float) -> _Answer:
    body = bytes(response.body)
    is_long = len(body) >= COMPRESSED_FROM
    return _Answer(
        made_at=began_at,
        headers={
            name: value for name, value in response.headers.items() if name != "content-length"
        },
        body=body,
        compressed=gzip.compress(body, COMPRESSION) if is_long else b"",
    )


def _sent(request: Request, known: _Answer) -> Response:
    etag = known.headers.get("etag")
    same = unchanged(request, etag) if etag else None
    if same is not None:
        return same
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if not known.compressed or not takes_gzip:
        return Response(known.body, headers=known.headers)
    vary = ", ".join(filter(None, (known.headers.get("vary"), "Accept-Encoding")))
    return Response(
        known.compressed, headers={**known.headers, "content-encoding": "gzip", "vary": vary}
    )
