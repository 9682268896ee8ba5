"""Starts the embedded database and broker, and stops them in reverse order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded.broker import EmbeddedBroker, start_broker
from app.embedded.database import EmbeddedDatabase, start_database

BROKER_STOP_S = 1.0
DATABASE_STOP_S = 2.5


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The two embedded servers, which answer requests."""

    database: EmbeddedDatabase
    broker: EmbeddedBroker


@contextmanager
def embedded_servers(home: Path) -> Iterator[Servers]:
    """Run both servers. The caller holds the lock of the home and is the main thread."""
    database = start_database(home)
    try:
        broker = start_broker(home)
        try:
            yield Servers(database=database, broker=broker)
        finally:
            broker.child.stop(within_s=BROKER_STOP_S)
    finally:
        database.child.stop(within_s=DATABASE_STOP_S)
