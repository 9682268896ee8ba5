"""Old records of the audit log are deleted, the oldest first, and no more than asked for."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.audit import Act, Actor
from app.services.accounts.drop_old_acts import drop_old_acts
from app.store.audit import delete_old_acts, insert_act
from app.store.database import UnitOfWork
from app.store.tables import audited_acts

AGES_DAYS = (400, 399, 366, 364, 0)


@pytest.fixture
def subject_ids(session: Session, workspace_id: UUID) -> list[UUID]:
    """Subjects of acts of these ages."""
    found = []
    actor = Actor(principal="key:test", key_id=None, address=None, request_id=None)
    for days in AGES_DAYS:
        subject_id = uuid4()
        insert_act(
            session,
            actor,
            act=Act.RUN_DELETED,
            workspace_id=workspace_id,
            subject_id=subject_id,
            detail={},
        )
        session.execute(
            update(audited_acts)
            .where(audited_acts.c.subject_id == subject_id)
            .values(created_at=func.now() - timedelta(days=days))
        )
        found.append(subject_id)
    return found


def left(session: Session, workspace_id: UUID) -> set[UUID]:
    query = select(audited_acts.c.subject_id).where(audited_acts.c.workspace_id == workspace_id)
    return set(session.execute(query).scalars())


def test_only_old_acts_are_deleted(
    session: Session, workspace_id: UUID, subject_ids: list[UUID]
) -> None:
    number = drop_old_acts(UnitOfWork(session), retention_days=365)

    assert number >= 3
    assert left(session, workspace_id) == set(subject_ids[3:])
    assert drop_old_acts(UnitOfWork(session), retention_days=365) == 0


def test_a_batch_deletes_the_oldest(
    session: Session, workspace_id: UUID, subject_ids: list[UUID]
) -> None:
    number = delete_old_acts(session, older_than_days=365, limit=2)

    assert number == 2
    assert left(session, workspace_id) == set(subject_ids[2:])
