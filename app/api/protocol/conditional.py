"""ETags: a client that names the ETag of the present answer gets 304 and no body."""

import hashlib

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from app.api.protocol.problems import Responses

#: The `responses` of an operation with ETags.
NOT_MODIFIED: Responses = {
    304: {"description": "Not modified: `If-None-Match` names the present ETag."}
}
#: A client may keep the answer, and must revalidate it before each use.
POLLED = "private, no-cache"


def conditional_json(request: Request, answer: BaseModel) -> Response:
    """200 with the answer, or 304 where `If-None-Match` names it."""
    return conditional(request, answer.model_dump_json().encode(), media_type="application/json")


def conditional(request: Request, body: bytes, *, media_type: str) -> Response:
    digest = hashlib.sha256(media_type.encode() + b"\n" + body).hexdigest()
    etag = f'"{digest[:32]}"'
    headers = {"ETag": etag, "Cache-Control": POLLED, "Vary": "Accept, Authorization"}
    if is_named(etag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def is_named(etag: str, if_none_match: str) -> bool:
    """Whether the header names the ETag, by weak comparison (RFC 9110, 8.8.3.2)."""
    named = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in named or "*" in named
