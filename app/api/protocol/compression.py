"""Middleware: compresses answers by gzip where the client accepts it."""

from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

#: Bytes from which on an answer is compressed, and how much (1 to 9): with 5 a hundred kilobytes of
#: curves take twice the time, and are a hundredth smaller.
COMPRESSED_FROM, COMPRESSION = 1024, 4
#: Streams of exports, which may be gigabytes, and files that are compressed or random already.
_NOT_COMPRESSED = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "text/csv",
    "application/jsonl",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
    "application/octet-stream",
)
#: Files of runs are sent as they are: their `Repr-Digest` and their ranges are of these bytes.
_FILES = "/artifacts/"


class Compression(GZipMiddleware):
    """Starlette's, except for files of runs."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            minimum_size=COMPRESSED_FROM,
            compresslevel=COMPRESSION,
            exclude_content_types=_NOT_COMPRESSED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _FILES in scope["path"]:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
