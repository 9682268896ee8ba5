"""A process that stops in the middle of what it sends holds its locks no longer than others."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.store.sessions import end_stalled

STATE = "SELECT state, wait_event FROM pg_stat_activity WHERE pid = :pid"


@pytest.fixture
def other(engine: Engine) -> Iterator[psycopg.Connection]:
    """Another process's session, as the service opens them."""
    url = engine.url.set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    with psycopg.connect(address, application_name="gradient-clinic") as connection:
        yield connection
        connection.close()


def wait_for_state(engine: Engine, pid: int, *, wanted: tuple[str, str] | None) -> None:
    """None: until it is gone."""
    with engine.connect() as connection:
        while connection.execute(text(STATE), {"pid": pid}).one_or_none() != wanted:
            # its snapshot of the sessions ends with the transaction
            connection.rollback()


def test_a_session_that_waits_for_the_rest_of_a_pipeline_is_ended(
    engine: Engine, session: Session, other: psycopg.Connection
) -> None:
    pid = other.info.backend_pid
    other.pgconn.enter_pipeline_mode()
    other.pgconn.send_query_params(b"SELECT 1", [])
    other.pgconn.send_flush_request()
    other.pgconn.flush()
    wait_for_state(engine, pid, wanted=("active", "ClientRead"))

    assert end_stalled(session, older_than_s=30.0) == 0
    assert end_stalled(session, older_than_s=0.0) == 1

    wait_for_state(engine, pid, wanted=None)


def test_a_session_that_has_sent_more_than_a_statement_is_ended(
    engine: Engine, session: Session, other: psycopg.Connection
) -> None:
    """What follows a statement of a pipeline can stop the database's own timeout."""
    pid = other.info.backend_pid
    with other.pipeline():
        other.execute("SELECT 1")
    wait_for_state(engine, pid, wanted=("idle in transaction", "ClientRead"))

    assert end_stalled(session, older_than_s=30.0) == 0
    assert end_stalled(session, older_than_s=0.0) == 1

    wait_for_state(engine, pid, wanted=None)
