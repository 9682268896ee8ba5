"""The engine and the unit of work: one transaction for each request or task, committed here."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import psycopg
from psycopg.pq import Format
from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine.interfaces import (
    CoreExecuteOptionsParameter,
    DBAPICursor,
    ExecutionContext,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from app.domain.audit import Actor
from app.domain.errors import Unavailable
from app.store.arrays import register_arrays
from app.store.connections import Connector, TimedConnection
from app.store.sessions import STALLED_AFTER_S

#: Execution options of a statement that fetches numeric arrays.
BINARY_RESULTS: Mapping[str, bool] = MappingProxyType({"binary_results": True})
_CONNECT_ARGS: Mapping[str, object] = MappingProxyType(
    {
        "application_name": "gradient-clinic",
        # seconds; `greeting_s` is shorter
        "connect_timeout": 10,
        "keepalives": 1,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        # milliseconds; also detects a server that stops in the middle of an answer
        "tcp_user_timeout": 15_000,
    }
)

#: Limits the wait for a lock that a paused process holds.
_LOCK_TIMEOUT = "SET lock_timeout = '10s'"

_SNAPSHOT: CoreExecuteOptionsParameter = {"isolation_level": "REPEATABLE READ"}

logger = logging.getLogger(__name__)


def make_engine(
    url: str,
    *,
    pool_size: int = 20,
    pool_timeout_s: float = 1.5,
    greeting_s: float = 5.0,
    answer_s: float = 60.0,
    stalled_after_s: float = STALLED_AFTER_S,
) -> Engine:
    """Returns an engine whose callers wait for a bounded time only.

    `pool_timeout_s` bounds the wait for a free connection, `greeting_s` the wait for a new one and
    `answer_s` the wait for the answer to a statement. The server ends a session that is idle inside
    a transaction for `stalled_after_s`.
    """
    connector = Connector(greeting_s=greeting_s, answer_s=answer_s)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        connect_args=dict(_CONNECT_ARGS),
    )

    def connect(
        _dialect: Dialect, _record: object, _arguments: object, parameters: dict[str, object]
    ) -> psycopg.Connection:
        return connector.connect(**parameters)

    def ping(connection: TimedConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        # replaces connections that a restart of the server broke, before a caller sees an error
        if record.info.setdefault("is_fresh", True):
            record.info["is_fresh"] = False
        else:
            connector.ping(connection)

    def prepare(connection: psycopg.Connection, _record: object) -> None:
        register_arrays(connection)
        connection.autocommit = True
        stalled_after = f"{1000 * stalled_after_s:.0f}ms"
        connection.execute(f"SET idle_in_transaction_session_timeout = '{stalled_after}'")
        connection.execute(_LOCK_TIMEOUT)
        connection.autocommit = False

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", prepare)
    event.listen(engine, "checkout", ping)
    event.listen(engine, "before_cursor_execute", _fetch_in_binary)
    return engine


class UnitOfWork:
    """One transaction and the callbacks to call once it is committed."""

    def __init__(self, session: Session, *, actor: Actor | None = None) -> None:
        self.session = session
        #: On whose behalf it is; None for the service itself.
        self.actor = actor
        self._callbacks: list[Callable[[], object]] = []

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Registers a callback that is called after the commit; a rollback discards it."""
        self._callbacks.append(callback)

    def run_callbacks(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


@contextmanager
def unit_of_work(
    engine: Engine, *, snapshot: bool = False, actor: Actor | None = None
) -> Iterator[UnitOfWork]:
    """Commits on a normal exit, then calls the callbacks; rolls back on an error.

    With `snapshot`, all statements see the database as it was at the first of them. The audit log
    names the `actor`. Raises Unavailable when the database does not answer or no connection is free
    in time.
    """
    with Session(engine) as session:
        work = UnitOfWork(session, actor=actor)
        with _as_unavailable():
            if snapshot:
                session.connection(execution_options=_SNAPSHOT)
            yield work
            session.commit()
    work.run_callbacks()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement is a transaction of its own, for a frequent poll.

    Without BEGIN and COMMIT it waits for the server once instead of three times. Raises Unavailable
    as `unit_of_work` does.
    """
    with _as_unavailable(), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _as_unavailable() -> Iterator[None]:
    """Raises Unavailable, which callers retry, when the database is down or overloaded."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise _unavailable(error) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _unavailable(error) from error
        raise


def _unavailable(error: Exception) -> Unavailable:
    logger.warning("the database did not answer: %s", error)
    return Unavailable("The database does not answer; try again shortly.")


def _fetch_in_binary(
    _connection: Connection,
    cursor: DBAPICursor,
    _statement: str,
    _parameters: object,
    context: ExecutionContext | None,
    _executemany: bool,  # noqa: FBT001 - SQLAlchemy's signature
) -> None:
    if context is not None and context.execution_options.get("binary_results"):
        cursor.format = Format.BINARY  # type: ignore[attr-defined] # psycopg's cursors have it
