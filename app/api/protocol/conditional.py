"""ETags: a client that names the ETag of the present answer gets 304 and no body.

The ETag of an answer is a digest of its body or, where the body takes time to compute, of the
version of what it depends on.
"""

import hashlib
from collections.abc import Callable, Sequence

from fastapi import Request
from pydantic import BaseModel
from pydantic.main import IncEx
from starlette.responses import Response

from app import __version__
from app.api.protocol.documented import Responses

#: The `responses` of an operation with ETags.
NOT_MODIFIED: Responses = {
    304: {"description": "Not modified: `If-None-Match` names the present ETag."}
}
#: A client may keep the answer, and must revalidate it before each use.
POLLED = "private, no-cache"


def conditional_json(request: Request, answer: BaseModel, *, only: IncEx | None = None) -> Response:
    """200 with the answer, or 304 where `If-None-Match` names it. `only`: fields to answer."""
    body = answer.model_dump_json(include=only).encode()
    return conditional(request, body, media_type="application/json")


def conditional(request: Request, body: bytes, *, media_type: str) -> Response:
    etag = _etag(media_type.encode(), body)
    return unchanged(request, etag) or _tagged(body, etag, media_type=media_type)


def answer_by_version(
    request: Request, versions: Sequence[str], compute: Callable[[], BaseModel]
) -> Response:
    """304 where `If-None-Match` names these versions; otherwise 200 with what `compute` returns.

    The answer depends on its URL, on the release and on the versions alone.
    """
    etag = _versioned_etag(request, versions)
    return unchanged(request, etag) or _tagged(
        compute().model_dump_json().encode(), etag, media_type="application/json"
    )


def picture_by_version(
    request: Request, versions: Sequence[str], compute: Callable[[], bytes], *, media_type: str
) -> Response:
    """304 where `If-None-Match` names these versions; otherwise 200 with the file."""
    etag = _versioned_etag(request, versions)
    return unchanged(request, etag) or _tagged(compute(), etag, media_type=media_type)


def _versioned_etag(request: Request, versions: Sequence[str]) -> str:
    parts = (__version__, request.url.path, request.url.query, *versions)
    return _etag(*(part.encode() for part in parts))


def unchanged(request: Request, etag: str) -> Response | None:
    """304 where `If-None-Match` names the ETag; None otherwise."""
    if is_named(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=_headers(etag))
    return None


def _tagged(body: bytes, etag: str, *, media_type: str) -> Response:
    return Response(body, media_type=media_type, headers=_headers(etag))


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": POLLED, "Vary": "Accept, Authorization, Cookie"}


def _etag(*parts: bytes) -> str:
    digest = hashlib.sha256(b"\n".join(parts)).hexdigest()
    return f'"{digest[:32]}"'


def is_named(etag: str, if_none_match: str) -> bool:
    """Whether the header names the ETag, by weak comparison (RFC 9110, 8.8.3.2)."""
    named = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in named or "*" in named
