"""Connections that give up on a server which does not answer, and tell the next caller at once.

A server that is stopped, or behind a broken line, keeps its connections: the kernels at both ends
go on acknowledging, so that neither keepalives nor libpq's time limits notice.
"""

import time
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen, PQGenConn
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from sqlalchemy.exc import InvalidatePoolError

RV = TypeVar("RV")

#: After a silence nobody asks again for so long.
SILENCE_S = 1.0
_LOOK_S = 0.1


class PromptConnection(psycopg.Connection[TupleRow]):
    """A connection that is closed when the server says nothing for too long."""

    #: The time that it has to take a new connection; any server that can work greets sooner.
    greeting_s: float
    #: The time that a statement may take.
    answer_s: float

    def wait(self, gen: PQGen[RV], interval: float = _LOOK_S, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answer_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # the answer may still come, and would be taken for that of the next statement
                self.pgconn.finish()
            raise

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn["PromptConnection"]:
        """As inherited, which waits for whole seconds; it is woken every tenth of one."""
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
            connection: PromptConnection = end.value
            return connection


class Line:
    """The way to one server: whether it was silent a moment ago."""

    def __init__(self, *, greeting_s: float, answer_s: float) -> None:
        times = {"greeting_s": greeting_s, "answer_s": answer_s}
        self._kind: type[PromptConnection] = type("TimedConnection", (PromptConnection,), times)
        self._silent_until = 0.0

    def connect(self, **parameters: object) -> PromptConnection:
        """Raises psycopg's OperationalError, at once where the server was silent just now."""
        self._check()
        try:
            return self._kind.connect(**parameters)  # type: ignore[arg-type] # psycopg checks them itself
        except psycopg.errors.ConnectionTimeout:
            self._note_silence()
            raise

    def ping(self, connection: PromptConnection) -> None:
        """As above for a connection that was idle; InvalidatePoolError where it is broken."""
        self._check()
        usual_s, connection.answer_s = connection.answer_s, connection.greeting_s
        started_at = time.monotonic()
        try:
            connection.execute("")
        except psycopg.Error as error:
            if time.monotonic() - started_at < connection.greeting_s:
                raise InvalidatePoolError from error
            self._note_silence()
            raise
        finally:
            connection.answer_s = usual_s
        connection.rollback()

    def _check(self) -> None:
        if time.monotonic() < self._silent_until:
            detail = "the server was silent a moment ago"
            raise psycopg.OperationalError(detail)

    def _note_silence(self) -> None:
        self._silent_until = time.monotonic() + SILENCE_S
