"""What live streams wait for is read by one statement."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from app.domain.predictions import Source
from app.store.browser_sessions import delete_session, insert_session
from app.store.followed import Followed, read_followed
from app.store.keys import insert_key, revoke_key
from app.store.predictions import insert_prediction
from app.store.tables import api_keys
from app.store.telemetry import append_batch
from app.store.times import database_now
from app.store.workspaces import insert_workspace, suspend
from tests.databases import counted_statements
from tests.domain.builders import scores
from tests.store.builders import a_batch, claimed_run


def a_key(session: Session, workspace_id: UUID) -> UUID:
    return insert_key(
        session,
        workspace_id=workspace_id,
        name="a key",
        scopes=["runs:read"],
        prefix="gc_abcd",
        last4="wxyz",
        digest=uuid4().bytes,
    ).id


def a_browser_session(session: Session, key_id: UUID, *, duration_s: float = 60.0) -> bytes:
    digest = uuid4().bytes
    insert_session(session, key_id=key_id, digest=digest, can_write=False, duration_s=duration_s)
    return digest


def read(
    session: Session, *, followed: list[UUID], keys: list[UUID], sessions: list[bytes]
) -> Followed:
    connection = session.connection()
    return read_followed(connection, followed=followed, keys=keys, sessions=sessions)


def test_runs_and_predictions_have_numbers_and_deleted_ones_have_none(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    batch = a_batch(first_step=0, readings=scores({0: 1.0}))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=batch)
    source = Source(kind="csv", content=b"y\n1\n")
    asked = insert_prediction(
        session, workspace_id=workspace_id, run_id=run.id, weights="final", source=source
    )

    found = read(session, followed=[run.id, asked.id, uuid4()], keys=[], sessions=[])

    assert found.numbers == {run.id: 5, asked.id: asked.version}


def test_keys_that_open_nothing_are_left_out(session: Session, workspace_id: UUID) -> None:
    other_workspace = insert_workspace(session, name="suspended").id
    usable, revoked, expired = (a_key(session, workspace_id) for _ in range(3))
    suspended = a_key(session, other_workspace)
    revoke_key(session, workspace_id, revoked)
    past = database_now() - timedelta(seconds=1)
    session.execute(update(api_keys).where(api_keys.c.id == expired).values(expires_at=past))
    suspend(session, other_workspace)

    keys = [usable, revoked, expired, suspended, uuid4()]
    found = read(session, followed=[], keys=keys, sessions=[])

    assert found.usable_keys == {usable}


def test_sessions_that_have_ended_are_left_out(session: Session, workspace_id: UUID) -> None:
    key_id = a_key(session, workspace_id)
    open_one, closed = (a_browser_session(session, key_id) for _ in range(2))
    over = a_browser_session(session, key_id, duration_s=-1.0)
    delete_session(session, digest=closed)

    found = read(session, followed=[], keys=[], sessions=[open_one, closed, over])

    assert found.usable_sessions == {open_one}


def test_many_followers_are_one_statement(
    session: Session, engine: Engine, workspace_id: UUID
) -> None:
    followed = [claimed_run(session, workspace_id).id for _ in range(3)]
    keys = [a_key(session, workspace_id) for _ in range(20)]
    sessions = [a_browser_session(session, key_id) for key_id in keys]

    with counted_statements(engine) as counted:
        found = read(session, followed=followed, keys=keys, sessions=sessions)

    assert len(counted) == 1
    assert (len(found.numbers), len(found.usable_keys), len(found.usable_sessions)) == (3, 20, 20)
