"""Stores which requests with an Idempotency-Key are being worked on, and their answers for a day.

A request leases its key in a transaction of its own, works without an open transaction, and stores
its answer in the transaction that stores its work. The lease is renewed while the work goes on. A
process that dies leaves a lease that expires.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.errors import IdempotencyInFlight, IdempotencyMismatch, Problem
from app.store.tables import idempotency_keys
from app.store.times import database_now, seconds_from_now

KEPT_FOR = timedelta(hours=24)
#: How long a key stays leased after its process has died.
LEASE_S = 20.0
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


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to answer the first request with a key."""

    request: IdempotencyKey
    #: Differs from the token of every other lease of the key.
    token: UUID


def lease_key(
    session: Session, request: IdempotencyKey, *, lease_s: float = LEASE_S
) -> StoredAnswer | Lease:
    """Returns the stored answer to an earlier request, or a lease when there is none.

    Commit the lease before the work begins. Raises IdempotencyInFlight while another request holds
    the lease, and IdempotencyMismatch when that request or the answered one had another body.
    """
    # reads before it writes, so that repetitions do not wait for a row that is being written
    found = _find(session, request)
    if found is not None:
        return found
    lease = Lease(request=request, token=uuid4())
    leased = {
        "fingerprint": request.fingerprint,
        "lease_token": lease.token,
        "lease_expires_at": seconds_from_now(lease_s),
        "status": None,
        "headers": {},
        "body": None,
        "created_at": database_now(),
    }
    identity = {"workspace_id": request.workspace_id, "route": request.route, "key": request.key}
    statement = insert(idempotency_keys).values({**identity, **leased})
    is_leased = session.execute(
        statement.on_conflict_do_update(
            index_elements=list(identity), set_=leased, where=~_is_in_force()
        ).returning(idempotency_keys.c.key)
    ).one_or_none()
    if is_leased is None:
        raise IdempotencyInFlight
    return lease


def renew_lease(session: Session, lease: Lease, *, lease_s: float = LEASE_S) -> None:
    """Changes nothing when the key is answered, or when another request has leased it."""
    statement = update(idempotency_keys).where(*_is_held(lease))
    session.execute(statement.values(lease_expires_at=seconds_from_now(lease_s)))


def release_lease(session: Session, lease: Lease) -> None:
    """Frees the key of a request that failed; an answered key stays as it is."""
    session.execute(delete(idempotency_keys).where(*_is_held(lease)))


def save_answer(session: Session, lease: Lease, answer: StoredAnswer) -> None:
    """Stores the answer, in the transaction that stores the work.

    Raises IdempotencyInFlight when the lease expired and another request took the key.
    """
    answered = {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "created_at": database_now(),
        "lease_token": None,
        "lease_expires_at": None,
    }
    statement = update(idempotency_keys).where(*_is_held(lease)).values(answered)
    row = session.execute(statement.returning(idempotency_keys.c.key)).one_or_none()
    if row is None:
        raise IdempotencyInFlight


def forget_old_answers(session: Session) -> None:
    """Deletes what is older than a day: answers, and leases of processes that died."""
    session.execute(delete(idempotency_keys).where(~_is_in_force(), _is_old()))


def _find(session: Session, request: IdempotencyKey) -> StoredAnswer | None:
    statement = select(idempotency_keys).where(*_is_of(request), _is_in_force())
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    if row["fingerprint"] != request.fingerprint:
        raise IdempotencyMismatch(problems=[_REUSED])
    if row["status"] is None:
        raise IdempotencyInFlight
    return StoredAnswer(status=row["status"], headers=row["headers"], body=row["body"])


def _is_of(request: IdempotencyKey) -> tuple[ColumnElement[bool], ...]:
    table = idempotency_keys
    return (
        table.c.workspace_id == request.workspace_id,
        table.c.route == request.route,
        table.c.key == request.key,
    )


def _is_held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (*_is_of(lease.request), idempotency_keys.c.lease_token == lease.token)


def _is_old() -> ColumnElement[bool]:
    return idempotency_keys.c.created_at <= database_now() - KEPT_FOR


def _is_in_force() -> ColumnElement[bool]:
    """Returns whether the key is answered and younger than a day, or leased at present."""
    table = idempotency_keys
    is_leased = table.c.lease_expires_at > database_now()
    is_answered = and_(table.c.status.is_not(None), ~_is_old())
    return or_(is_answered, and_(table.c.status.is_(None), is_leased))
