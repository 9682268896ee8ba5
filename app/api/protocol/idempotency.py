"""Idempotency-Key: a POST that is repeated within 24 hours creates once, and is answered alike."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.api.protocol.deps import SignedIn, Work
from app.store.database import UnitOfWork
from app.store.idempotency import IdempotencyKey, StoredAnswer, find_answer, save_answer

REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a POST that creates."""

    status: int
    body: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Stored and replayed in place of `body`: the same without its secrets.
    kept_body: BaseModel | None = None


@dataclass(frozen=True, kw_only=True)
class IdempotentAnswer:
    """Answers a request once; the same request under the same key gets the same answer."""

    work: UnitOfWork
    #: None where the client sent no Idempotency-Key.
    request: IdempotencyKey | None

    def answer(self, make: Callable[[], Answer]) -> Response:
        """Raises IdempotencyInFlight or IdempotencyMismatch in place of a second `make()`."""
        kept = self.find()
        if kept is not None:
            headers = {**kept.headers, REPLAYED: "true"}
            return _json(kept.body, status=kept.status, headers=headers)
        answer = make()
        self.keep(answer)
        return _json(
            answer.body.model_dump_json().encode(), status=answer.status, headers=answer.headers
        )

    def find(self) -> StoredAnswer | None:
        """What the first request was answered; None when this is the first one.

        Raises IdempotencyInFlight and IdempotencyMismatch.
        """
        return None if self.request is None else find_answer(self.work.session, self.request)

    def keep(self, answer: Answer) -> None:
        """Store the answer for the next 24 hours, in the transaction of `work`."""
        if self.request is None:
            return
        body = (answer.kept_body or answer.body).model_dump_json().encode()
        stored = StoredAnswer(status=answer.status, headers=answer.headers, body=body)
        save_answer(self.work.session, self.request, stored)


async def fingerprint_of(request: Request) -> bytes:
    """SHA-256 of query and body."""
    text = request.url.query.encode() + b"\n" + await request.body()
    return hashlib.sha256(text).digest()


async def _optional_key(
    request: Request,
    caller: SignedIn,
    fingerprint: Annotated[bytes, Depends(fingerprint_of)],
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="A request that is repeated with the same key and body within 24 hours "
            "gets the answer to the first one.",
        ),
    ] = None,
) -> IdempotencyKey | None:
    if idempotency_key is None:
        return None
    return IdempotencyKey(
        workspace_id=caller.workspace_id,
        route=f"{request.method} {request.url.path}",
        key=idempotency_key,
        fingerprint=fingerprint,
    )


#: For a route that opens its own transactions. None where the client sent no key.
OptionalKey = Annotated[IdempotencyKey | None, Depends(_optional_key)]


async def _idempotent_answer(work: Work, key: OptionalKey) -> IdempotentAnswer:
    return IdempotentAnswer(work=work, request=key)


Idempotent = Annotated[IdempotentAnswer, Depends(_idempotent_answer)]


def _json(body: bytes, *, status: int, headers: Mapping[str, str]) -> Response:
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers))
