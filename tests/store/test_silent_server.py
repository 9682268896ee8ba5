"""A server that is stopped in the middle keeps its connections; callers are told soon all the same.

Signals stop the real one: its postmaster and every backend.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine, text

from app.domain.errors import Unavailable
from app.embedded.servers import Servers
from app.store.database import make_engine, unit_of_work
from tests.processes import descendants


@contextmanager
def stopped(servers: Servers) -> Iterator[None]:
    """Every process of the database server is stopped, and goes on afterwards."""
    postmaster = servers.database.child.process.pid
    # the postmaster first: it starts no more
    os.kill(postmaster, signal.SIGSTOP)
    backends = descendants(postmaster)
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in (*backends, postmaster):
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def pooled(engine: Engine) -> Iterator[Engine]:
    url = engine.url.render_as_string(hide_password=False)
    made = make_engine(url, pool_size=3, greeting_s=1.0)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ask(made), range(3)))
    yield made
    made.dispose()


def ask(engine: Engine) -> int:
    with unit_of_work(engine) as work:
        return int(work.session.execute(text("SELECT 1")).scalar_one())


def seconds_until_refused(engine: Engine) -> float:
    started_at = time.monotonic()
    with pytest.raises(Unavailable):
        ask(engine)
    return time.monotonic() - started_at


def test_a_stopped_server_is_unavailable_soon_for_all_and_then_back(
    servers: Servers, pooled: Engine
) -> None:
    with stopped(servers):
        with ThreadPoolExecutor(8) as pool:
            first = list(pool.map(lambda _: seconds_until_refused(pooled), range(8)))
        soon_after = seconds_until_refused(pooled)
        pooled.dispose()
        time.sleep(1.1)
        without_connections = seconds_until_refused(pooled)

    assert max(first) < 2
    assert soon_after < 0.1
    assert without_connections < 2
    time.sleep(1.1)
    assert ask(pooled) == 1


def test_a_statement_without_an_answer_is_given_up(servers: Servers, engine: Engine) -> None:
    impatient = make_engine(engine.url.render_as_string(hide_password=False), answer_s=0.5)

    def ask_in_vain() -> None:
        with unit_of_work(impatient) as work:
            work.session.execute(text("SELECT 1"))
            with stopped(servers):
                work.session.execute(text("SELECT 2"))

    with pytest.raises(Unavailable):
        ask_in_vain()
    assert ask(impatient) == 1
    impatient.dispose()


def test_a_restarted_server_costs_nobody_an_error(pooled: Engine) -> None:
    with psycopg.connect(
        pooled.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'gradient-clinic'"
            " AND pid <> pg_backend_pid() AND state = 'idle'"
        )

    assert [ask(pooled) for _ in range(3)] == [1, 1, 1]
