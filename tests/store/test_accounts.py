"""Keys open one workspace until they are revoked; a repeated POST is answered once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from app.domain.errors import IdempotencyInFlight, IdempotencyMismatch, InUse, NotFound
from app.store.database import unit_of_work
from app.store.idempotency import (
    IdempotencyKey,
    Lease,
    StoredAnswer,
    forget_old_answers,
    lease_key,
    release_lease,
    renew_lease,
    save_answer,
)
from app.store.keys import ApiKey, find_usable_key, insert_key, list_keys, revoke_key
from app.store.runs import request_cancel
from app.store.tables import api_keys, idempotency_keys
from app.store.times import database_now
from app.store.workspaces import delete_workspace, insert_workspace, list_workspaces
from tests.store.builders import queued_run

DIGEST = b"\x01" * 32
ANSWER = StoredAnswer(status=201, headers={"Location": "/v1/runs/1"}, body=b'{"id":1}')


def a_key(session: Session, workspace_id: UUID, *, expires_at: datetime | None = None) -> ApiKey:
    return insert_key(
        session,
        workspace_id=workspace_id,
        name="a key",
        scopes=["runs:write", "runs:read"],
        prefix="gc_abcd",
        last4="wxyz",
        digest=DIGEST,
        expires_at=expires_at,
    )


def a_request(workspace_id: UUID, *, fingerprint: bytes = b"one") -> IdempotencyKey:
    return IdempotencyKey(
        workspace_id=workspace_id, route="POST /v1/runs", key="k", fingerprint=fingerprint
    )


def test_a_key_is_found_by_its_digest(session: Session, workspace_id: UUID) -> None:
    made = a_key(session, workspace_id)

    found = find_usable_key(session, digest=DIGEST)

    assert found == made
    assert made.scopes == ("runs:read", "runs:write")
    assert find_usable_key(session, digest=b"other") is None


def test_the_use_of_a_key_is_noted_once_a_minute(session: Session, workspace_id: UUID) -> None:
    a_key(session, workspace_id)

    find_usable_key(session, digest=DIGEST)
    (first,) = list_keys(session, workspace_id)
    find_usable_key(session, digest=DIGEST)
    (second,) = list_keys(session, workspace_id)
    session.execute(
        update(api_keys).values(last_used_at=api_keys.c.last_used_at - timedelta(minutes=2))
    )
    find_usable_key(session, digest=DIGEST)
    (third,) = list_keys(session, workspace_id)

    assert first.last_used_at is not None
    assert second.last_used_at == first.last_used_at
    assert third.last_used_at is not None
    assert third.last_used_at > first.last_used_at


def test_a_revoked_key_opens_nothing(session: Session, workspace_id: UUID) -> None:
    key = a_key(session, workspace_id)

    revoked = revoke_key(session, workspace_id, key.id)
    again = revoke_key(session, workspace_id, key.id)

    assert find_usable_key(session, digest=DIGEST) is None
    assert again.revoked_at == revoked.revoked_at
    with pytest.raises(NotFound):
        revoke_key(session, uuid4(), key.id)


def test_an_expired_key_opens_nothing(session: Session, workspace_id: UUID) -> None:
    a_key(session, workspace_id, expires_at=datetime.now(UTC) - timedelta(seconds=1))

    assert find_usable_key(session, digest=DIGEST) is None


def test_workspaces_come_and_go(session: Session) -> None:
    made = insert_workspace(session, name="one")
    a_key(session, made.id)
    run = queued_run(session, made.id)

    with pytest.raises(InUse):
        delete_workspace(session, made.id)
    request_cancel(session, made.id, run.id)
    delete_workspace(session, made.id)

    assert made not in list_workspaces(session)
    assert find_usable_key(session, digest=DIGEST) is None
    with pytest.raises(NotFound):
        delete_workspace(session, made.id)


def a_lease(session: Session, request: IdempotencyKey) -> Lease:
    lease = lease_key(session, request)
    assert isinstance(lease, Lease)
    return lease


def test_a_repeated_request_gets_the_first_answer(session: Session, workspace_id: UUID) -> None:
    request = a_request(workspace_id)

    save_answer(session, a_lease(session, request), ANSWER)

    assert lease_key(session, request) == ANSWER
    assert a_lease(session, a_request(insert_workspace(session, name="w").id))


def test_another_body_under_the_same_key_is_refused(session: Session, workspace_id: UUID) -> None:
    save_answer(session, a_lease(session, a_request(workspace_id)), ANSWER)

    with pytest.raises(IdempotencyMismatch):
        lease_key(session, a_request(workspace_id, fingerprint=b"two"))


def test_after_a_day_a_key_is_free_again(session: Session, workspace_id: UUID) -> None:
    request = a_request(workspace_id)
    save_answer(session, a_lease(session, request), ANSWER)
    yesterday = database_now() - timedelta(hours=25)
    session.execute(update(idempotency_keys).values(created_at=yesterday))

    save_answer(session, a_lease(session, request), ANSWER)

    assert lease_key(session, request) == ANSWER
    session.execute(update(idempotency_keys).values(created_at=yesterday))
    forget_old_answers(session)
    left = session.execute(select(func.count()).select_from(idempotency_keys)).scalar_one()
    assert left == 0


def test_one_of_two_at_the_same_time_is_told_to_wait(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    request = a_request(committed_workspace_id)

    with unit_of_work(engine) as first:
        lease = a_lease(first.session, request)
    with pytest.raises(IdempotencyInFlight), unit_of_work(engine) as second:
        lease_key(second.session, request)
    with unit_of_work(engine) as first:
        save_answer(first.session, lease, ANSWER)

    with unit_of_work(engine) as second:
        assert lease_key(second.session, request) == ANSWER


def test_an_expired_lease_is_taken_over_and_its_first_holder_stores_nothing(
    session: Session, workspace_id: UUID
) -> None:
    request = a_request(workspace_id)
    expired = lease_key(session, request, lease_s=0)
    assert isinstance(expired, Lease)

    taken = a_lease(session, request)

    with pytest.raises(IdempotencyInFlight):
        save_answer(session, expired, ANSWER)
    save_answer(session, taken, ANSWER)
    assert lease_key(session, request) == ANSWER


def test_a_renewed_lease_is_not_taken_over(session: Session, workspace_id: UUID) -> None:
    lease = lease_key(session, a_request(workspace_id), lease_s=0)
    assert isinstance(lease, Lease)

    renew_lease(session, lease)

    with pytest.raises(IdempotencyInFlight):
        lease_key(session, a_request(workspace_id))


def test_a_released_key_is_free_and_an_answered_one_stays(
    session: Session, workspace_id: UUID
) -> None:
    release_lease(session, a_lease(session, a_request(workspace_id)))
    lease = a_lease(session, a_request(workspace_id, fingerprint=b"two"))

    save_answer(session, lease, ANSWER)
    release_lease(session, lease)

    assert lease_key(session, lease.request) == ANSWER
