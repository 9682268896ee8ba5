"""Stores the answer to a POST for a day, for requests that repeat its idempotency key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.errors import IdempotencyInFlight, IdempotencyMismatch, Problem
from app.store.locks import lock_number, try_lock
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
    """Identifies a request and its repetitions."""

    workspace_id: UUID
    #: Method and path. The same key on another route is another request.
    route: str
    key: str
    #: SHA-256 of the body.
    fingerprint: bytes


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """The answer to the first request, without secrets."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def find_answer(session: Session, request: IdempotencyKey) -> StoredAnswer | None:
    """Returns the stored answer to an earlier request, or None when this is the first.

    Locks the key until the end of the transaction. Raises IdempotencyInFlight while another
    transaction has the lock, and IdempotencyMismatch when the earlier body was another one.
    """
    words = (str(request.workspace_id), request.route, request.key)
    if not try_lock(session, lock_number("idempotency", *words)):
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
    """Stores the answer, in the transaction of the request; replaces an expired answer."""
    answered = {
        "fingerprint": request.fingerprint,
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "created_at": database_now(),
    }
    identity = {
        "workspace_id": request.workspace_id,
        "route": request.route,
        "key": request.key,
    }
    statement = insert(idempotency_keys).values({**identity, **answered})
    session.execute(statement.on_conflict_do_update(index_elements=list(identity), set_=answered))


def forget_old_answers(session: Session) -> None:
    old = idempotency_keys.c.created_at < database_now() - KEPT_FOR
    session.execute(delete(idempotency_keys).where(old))
