"""Answers to a POST that is sent again: one key, one body, one answer, for a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.errors import IdempotencyInFlight, IdempotencyMismatch, Problem
from app.store.locks import number_of, try_to_lead
from app.store.tables import idempotency_keys
from app.store.times import database_now

KEPT_FOR = timedelta(hours=24)
_REUSED = Problem(
    pointer="header/idempotency-key",
    detail="was used before with another request body",
    code=IdempotencyMismatch.code,
)


@dataclass(frozen=True, kw_only=True)
class IdempotencyKey:
    """What one repeated request is recognised by."""

    workspace_id: UUID
    #: Method and path, so that one key may be used for different things.
    route: str
    key: str
    #: SHA-256 of the body.
    fingerprint: bytes


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """What the first request was answered, secrets left out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def find_answer(session: Session, request: IdempotencyKey) -> StoredAnswer | None:
    """The answer of the first request, or None when this is it.

    Holds the key until the end of the transaction: IdempotencyInFlight while another one does.
    """
    words = (str(request.workspace_id), request.route, request.key)
    if not try_to_lead(session, number_of("idempotency", *words)):
        raise IdempotencyInFlight
    table = idempotency_keys
    statement = select(table).where(
        table.c.workspace_id == request.workspace_id,
        table.c.route == request.route,
        table.c.key == request.key,
        table.c.created_at > database_now() - KEPT_FOR,
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    if row["fingerprint"] != request.fingerprint:
        raise IdempotencyMismatch(problems=[_REUSED])
    return StoredAnswer(status=row["status"], headers=row["headers"], body=row["body"])


def save_answer(session: Session, request: IdempotencyKey, answer: StoredAnswer) -> None:
    """In the transaction of what it answers; takes the place of one that is older than a day."""
    answered = {
        "fingerprint": request.fingerprint,
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "created_at": database_now(),
    }
    place = {
        "workspace_id": request.workspace_id,
        "route": request.route,
        "key": request.key,
    }
    statement = insert(idempotency_keys).values({**place, **answered})
    session.execute(statement.on_conflict_do_update(index_elements=list(place), set_=answered))


def forget_old_answers(session: Session) -> None:
    old = idempotency_keys.c.created_at < database_now() - KEPT_FOR
    session.execute(delete(idempotency_keys).where(old))
