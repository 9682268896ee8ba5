"""The engine and the unit of work: one transaction a request or task, committed in one place."""

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

from app.domain.errors import Unavailable
from app.store.arrays import register_arrays
from app.store.prompt import Line, PromptConnection
from app.store.sessions import STALLED_AFTER_S

#: Execution options of a statement that fetches numeric arrays.
BINARY_RESULTS: Mapping[str, bool] = MappingProxyType({"binary_results": True})
_CONNECT_ARGS: Mapping[str, object] = MappingProxyType(
    {
        "application_name": "gradient-clinic",
        # seconds; ours is shorter
        "connect_timeout": 10,
        "keepalives": 1,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        # milliseconds: a server that stops answering in the middle is noticed too
        "tcp_user_timeout": 15_000,
    }
)

#: Nobody waits for ever on a process that is paused in the middle of a transaction.
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
    """An engine that never makes a caller wait long for a connection that is not to be had.

    A server that greets nobody for `greeting_s`, or answers no statement for `answer_s`, counts as
    gone; so does, for the server, a process that is silent in the middle of a transaction for
    `stalled_after_s`.
    """
    line = Line(greeting_s=greeting_s, answer_s=answer_s)
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
        return line.connect(**parameters)

    def ping(connection: PromptConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        # so that a restarted server costs nobody an error
        if record.info.setdefault("is_fresh", True):
            record.info["is_fresh"] = False
        else:
            line.ping(connection)

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
    """One transaction, and what is to be done once it is committed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._callbacks: list[Callable[[], object]] = []

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Have `callback` called when, and only when, the transaction was committed."""
        self._callbacks.append(callback)

    def run_callbacks(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


@contextmanager
def unit_of_work(engine: Engine, *, snapshot: bool = False) -> Iterator[UnitOfWork]:
    """Commit on a normal exit and then call back; roll back on an error.

    All statements of a snapshot see the database as it was at the first of them.
    """
    with Session(engine) as session:
        work = UnitOfWork(session)
        with _as_unavailable():
            if snapshot:
                session.connection(execution_options=_SNAPSHOT)
            yield work
            session.commit()
    work.run_callbacks()


@contextmanager
def _as_unavailable() -> Iterator[None]:
    """A database that is away, overloaded or going down is the caller's to try again."""
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
