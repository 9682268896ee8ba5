"""What many tests share: one PostgreSQL and one Valkey, the real ones, for the whole session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.embedded.home import make_home, owned
from app.embedded.servers import Servers, embedded_servers
from app.store.database import make_engine
from tests.databases import Databases
from tests.disks import MIB, Disk, can_mount, mounted
from tests.side_by_side import Dealer, SideBySide

# a run has one thread; so have the tests, whatever the machine
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # one of the processes of pytest-xdist
        config.pluginmanager.register(SideBySide(Path(config.getoption("basetemp")).parent))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Dealer:
    return Dealer(config, log)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The embedded servers, in a home of their own."""
    home = make_home(tmp_path_factory.mktemp("clinic") / "home")
    with owned(home), embedded_servers(home) as started:
        yield started


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Iterator[Databases]:
    made = Databases(servers.database)
    yield made
    made.close()


@pytest.fixture(scope="session")
def database_url(databases: Databases) -> str:
    """A database with the schema of the newest migration; what is committed in it stays there."""
    return databases.migrated()


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database without a schema, of this test alone."""
    url = databases.empty()
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose work is rolled back at the end of the test, commits included."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as made:
            yield made
        outer.rollback()


@pytest.fixture
def broker_url(servers: Servers) -> str:
    """The broker, empty at the start of each test."""
    with redis.Redis.from_url(servers.broker.url) as client:
        client.flushall()
    return servers.broker.url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    return make_home(tmp_path / "home")


@pytest.fixture(scope="session")
def mounts() -> None:
    """Skips tests that need a disk of their own where nobody may mount one."""
    if not can_mount():
        pytest.skip("this machine lets nobody mount a file system in a namespace")


@pytest.fixture
def disk(tmp_path: Path, mounts: None) -> Iterator[Disk]:
    """A disk of 2 MiB."""
    with mounted(tmp_path / "mounts", size_bytes=2 * MIB) as made:
        yield made
