"""Connections that time out when the server does not answer.

The kernel of a stopped server still acknowledges packets, so that neither TCP keepalives nor
libpq's time limits notice. After a timeout, further callers fail at once for a short time.
"""

import time
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen, PQGenConn
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from sqlalchemy.exc import InvalidatePoolError

RV = TypeVar("RV")

#: After a timeout no caller contacts the server for this long.
SILENCE_S = 1.0
_POLL_S = 0.1


class TimedConnection(psycopg.Connection[TupleRow]):
    """A connection that is closed when the server does not answer in time."""

    #: Seconds in which the server must accept a new connection.
    greeting_s: float
    #: Seconds in which the server must answer a statement.
    answer_s: float

    def wait(self, gen: PQGen[RV], interval: float = _POLL_S, timeout: float | None = None) -> RV:
        """Waits for the answer to a statement.

        Raises psycopg's OperationalError after `timeout` seconds, by default `answer_s`.
        """
        try:
            return super().wait(gen, interval, self.answer_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # a late answer would be taken for the answer to the next statement
                self.pgconn.finish()
            raise

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn["TimedConnection"]:
        """Connects within `greeting_s`, polling every 0.1 s; psycopg's limit is in whole seconds.

        Raises ConnectionTimeout.
        """
        gen = super()._connect_gen(conninfo)
        deadline = time.monotonic() + cls.greeting_s
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    detail = f"the server has not greeted within {cls.greeting_s:g} s"
                    raise psycopg.errors.ConnectionTimeout(detail)
                wanted = gen.send(ready)
        except StopIteration as end:
            connection: TimedConnection = end.value
            return connection


class Connector:
    """Connects to one server, and refuses to for `SILENCE_S` after the server did not answer."""

    def __init__(self, *, greeting_s: float, answer_s: float) -> None:
        times = {"greeting_s": greeting_s, "answer_s": answer_s}
        self._class: type[TimedConnection] = type("ServerConnection", (TimedConnection,), times)
        self._silent_until = 0.0

    def connect(self, **parameters: object) -> TimedConnection:
        """Opens a connection.

        Raises psycopg's OperationalError: after `greeting_s`, or at once when the server did not
        answer a moment ago.
        """
        self._check()
        try:
            return self._class.connect(**parameters)  # type: ignore[arg-type] # psycopg checks them itself
        except psycopg.errors.ConnectionTimeout:
            self._note_silence()
            raise

    def ping(self, connection: TimedConnection) -> None:
        """Checks that an idle connection still works, within `greeting_s`.

        Raises InvalidatePoolError when the connection is broken, and psycopg's OperationalError
        when the server does not answer, now or a moment ago.
        """
        self._check()
        usual_s, connection.answer_s = connection.answer_s, connection.greeting_s
        started_at = time.monotonic()
        try:
            # outside a transaction: it waits for the server once instead of three times
            connection.autocommit = True
            connection.execute("")
            connection.autocommit = False
        except psycopg.Error as error:
            if time.monotonic() - started_at < connection.greeting_s:
                raise InvalidatePoolError from error
            self._note_silence()
            raise
        finally:
            connection.answer_s = usual_s

    def _check(self) -> None:
        if time.monotonic() < self._silent_until:
            detail = "the server did not answer a moment ago"
            raise psycopg.OperationalError(detail)

    def _note_silence(self) -> None:
        self._silent_until = time.monotonic() + SILENCE_S
