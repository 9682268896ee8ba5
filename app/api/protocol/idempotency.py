"""Idempotency-Key: a POST that is repeated within 24 hours creates once, and is answered alike."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, Self

from fastapi import Depends, Header, Request
from fastapi.params import Depends as DependsParameter
from pydantic import BaseModel
from sqlalchemy import Engine
from starlette.responses import Response

from app.api.protocol.deps import ProcessResources, RequestActor, SignedIn
from app.domain.audit import Actor
from app.domain.errors import ClinicError
from app.store.database import UnitOfWork, unit_of_work
from app.store.idempotency import (
    LEASE_S,
    IdempotencyKey,
    Lease,
    StoredAnswer,
    lease_key,
    release_lease,
    renew_lease,
    save_answer,
)

REPLAYED = "Idempotency-Replayed"
#: A lease outlives two renewals that the database does not answer.
RENEWALS_PER_LEASE = 4


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a POST that creates."""

    status: int
    body: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Stored and replayed in place of `body`: the same without its secrets.
    kept_body: BaseModel | None = None

    def without_secrets(self) -> StoredAnswer:
        body = (self.kept_body or self.body).model_dump_json().encode()
        return StoredAnswer(status=self.status, headers=self.headers, body=body)


@dataclass(frozen=True, kw_only=True)
class OneAnswer:
    """The answer to a request: made for it, or replayed from the first one under its key."""

    status: int
    headers: Mapping[str, str]
    #: JSON.
    body: bytes

    @classmethod
    def of(cls, made: Answer) -> Self:
        body = made.body.model_dump_json().encode()
        return cls(status=made.status, headers=made.headers, body=body)

    def response(self) -> Response:
        return Response(
            self.body,
            status_code=self.status,
            media_type="application/json",
            headers=dict(self.headers),
        )


@dataclass(frozen=True, kw_only=True)
class IdempotentAnswer:
    """Answers a request once; the same request under the same key gets the same answer."""

    engine: Engine
    actor: Actor
    #: None if the client sent no Idempotency-Key.
    request: IdempotencyKey | None

    def answer(self, make: Callable[[UnitOfWork], Answer]) -> Response:
        """The response to `make`, or to the first request under the key."""
        return self.answer_once(make).response()

    def answer_once(self, make: Callable[[UnitOfWork], Answer]) -> OneAnswer:
        """Commit what `make` stores together with its answer, or find the first answer.

        No transaction is open before `make` uses its unit of work. Raises IdempotencyInFlight or
        IdempotencyMismatch in place of a second `make()`.
        """
        if self.request is None:
            with unit_of_work(self.engine, actor=self.actor) as work:
                answer = make(work)
            return OneAnswer.of(answer)
        with unit_of_work(self.engine) as work:
            found = lease_key(work.session, self.request)
        if isinstance(found, StoredAnswer):
            headers = {**found.headers, REPLAYED: "true"}
            return OneAnswer(status=found.status, headers=headers, body=found.body)
        with (
            _held(self.engine, found),
            unit_of_work(self.engine, actor=self.actor) as work,
        ):
            answer = make(work)
            save_answer(work.session, found, answer.without_secrets())
        return OneAnswer.of(answer)


@contextmanager
def _held(engine: Engine, lease: Lease) -> Iterator[None]:
    """Renew the lease during the block; release it at once when the block fails."""
    has_ended = threading.Event()

    def renew_until_end() -> None:
        while not has_ended.wait(LEASE_S / RENEWALS_PER_LEASE):
            with suppress(ClinicError), unit_of_work(engine) as work:
                renew_lease(work.session, lease)

    threading.Thread(target=renew_until_end, name="idempotency-lease", daemon=True).start()
    try:
        yield
    except BaseException:
        # if this fails too, the lease expires
        with suppress(ClinicError), unit_of_work(engine) as work:
            release_lease(work.session, lease)
        raise
    finally:
        has_ended.set()


async def fingerprint_of(request: Request) -> bytes:
    """SHA-256 of query and body."""
    digest = hashlib.sha256(request.url.query.encode() + b"\n")
    digest.update(await request.body())
    return digest.digest()


def _key_by(fingerprint_dependency: Callable[..., object]) -> DependsParameter:
    """A dependency: the key, with the fingerprint that the other dependency gives."""

    async def key_of(
        request: Request,
        caller: SignedIn,
        fingerprint: Annotated[bytes, Depends(fingerprint_dependency)],
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

    return DependsParameter(key_of)


def idempotent_by(fingerprint_dependency: Callable[..., object]) -> DependsParameter:
    """A dependency: an IdempotentAnswer, with the fingerprint that the other dependency gives."""

    async def idempotent_answer(
        resources: ProcessResources,
        actor: RequestActor,
        key: Annotated[IdempotencyKey | None, _key_by(fingerprint_dependency)],
    ) -> IdempotentAnswer:
        return IdempotentAnswer(engine=resources.engine, actor=actor, request=key)

    return DependsParameter(idempotent_answer)


#: None if the client sent no key.
OptionalKey = Annotated[IdempotencyKey | None, _key_by(fingerprint_of)]
Idempotent = Annotated[IdempotentAnswer, idempotent_by(fingerprint_of)]
