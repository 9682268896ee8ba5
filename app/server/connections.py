"""The open connections of one process, at most as many as it has descriptors for.

Anybody can open connections and send nothing. When all places are taken, a new connection takes the
place of the one whose client has kept the service waiting the longest. Half a head that is a second
old goes first: a client that means well sends its head at once. Requests that the service is
answering, event streams among them, are never ended for that.
"""

import math
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol, assert_never

from prometheus_client import Counter, Gauge

OPEN = Gauge("clinic_connections", "Open connections.")
ENDED = Counter(
    "clinic_connections_ended_total", "Connections that the server ended, by reason.", ("reason",)
)


class Awaited(StrEnum):
    """What a connection waits for."""

    #: The rest of a request's head.
    HEAD = "head"
    #: The next request.
    IDLE = "idle"
    #: The rest of a request's body.
    BODY = "body"
    #: The service, which has the whole request.
    ANSWER = "answer"


class Reason(StrEnum):
    """Why the server ended a connection."""

    #: All places were taken, and no connection could be ended for it.
    REFUSED = "refused"
    #: A new connection needed its place.
    CROWDED_OUT = "crowded_out"
    SLOW_HEAD = "slow_head"
    SLOW_BODY = "slow_body"
    #: The client did not read its answer.
    SLOW_READER = "slow_reader"
    IDLE = "idle"
    #: What was received is not HTTP/1.1.
    NOT_HTTP = "not_http"


class Connection(Protocol):
    def end(self, reason: Reason) -> None:
        """End the connection, and remove it."""

    def makes_progress(self) -> bool:
        """Whether the client sends its body fast enough."""


#: Seconds after which half a head is taken for one that will not be completed.
LONG_HEAD_S = 1.0


class Connections:
    """The connections of one process by what they wait for. Use it from the event loop alone."""

    def __init__(self, *, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        #: Since when each connection has waited, the longest first.
        self._heads: dict[Connection, float] = {}
        #: Those that wait for the next request or for the rest of a body.
        self._others: dict[Connection, float] = {}
        self._answered: dict[Connection, float] = {}

    def __len__(self) -> int:
        return len(self._heads) + len(self._others) + len(self._answered)

    def admit(self, connection: Connection) -> bool:
        """Give a new connection a place; False where there is none."""
        if len(self) >= self.most:
            longest_waiting = self._longest_waiting()
            if longest_waiting is None:
                return False
            longest_waiting.end(Reason.CROWDED_OUT)
        self._heads[connection] = self._clock()
        OPEN.inc()
        return True

    def move(self, connection: Connection, awaited: Awaited) -> None:
        """Note what the connection waits for now. One without a place is ignored."""
        if self._take(connection):
            self._with(awaited)[connection] = self._clock()

    def remove(self, connection: Connection) -> None:
        """A connection without a place is ignored."""
        if self._take(connection):
            OPEN.dec()

    def _take(self, connection: Connection) -> bool:
        return any(
            one.pop(connection, None) is not None
            for one in (self._heads, self._others, self._answered)
        )

    def _with(self, awaited: Awaited) -> dict[Connection, float]:
        match awaited:
            case Awaited.HEAD:
                return self._heads
            case Awaited.IDLE | Awaited.BODY:
                return self._others
            case Awaited.ANSWER:
                return self._answered
            case _:
                assert_never(awaited)

    def _longest_waiting(self) -> Connection | None:
        """The connection to be ended; None where each one is being answered or makes progress."""
        head, head_since = next(iter(self._heads.items()), (None, math.inf))
        if head is not None and head_since <= self._clock() - LONG_HEAD_S:
            return head
        for other, since in self._others.items():
            if since < head_since and not other.makes_progress():
                return other
        return head
