"""Turns: how many requests of one client are worked on at the same time; further ones wait.

Requests are answered by threads and database connections that all share. A client that has as many
as it may get keeps its further requests waiting, and nobody else's. A waiting request holds neither
a thread nor a connection, and nothing of its body is read.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

from app.domain.errors import Overloaded

#: Requests of one client that wait; further ones are refused.
MAX_WAITING = 500
#: A workspace makes more keys at will: together they have so many times what one has.
KEYS_PER_WORKSPACE = 2
#: Seconds after which a request that still waits is refused.
PATIENCE_S = 15.0


@dataclass(kw_only=True)
class _Client:
    num_at_work: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """At most `most` requests of each client at a time. Use it from the event loop alone."""

    def __init__(
        self, *, most: int, max_waiting: int = MAX_WAITING, patience_s: float = PATIENCE_S
    ) -> None:
        self._most = most
        self._max_waiting = max_waiting
        self._patience_s = patience_s
        self._clients: dict[Hashable, _Client] = {}

    def __len__(self) -> int:
        return len(self._clients)

    async def take(self, client: Hashable) -> None:
        """Wait for a turn, which `give_back` ends. Raises Overloaded."""
        line = self._clients.setdefault(client, _Client())
        if line.num_at_work < self._most:
            line.num_at_work += 1
            return
        if len(line.waiting) >= self._max_waiting:
            detail = f"{self._max_waiting} requests of this client wait already. Try again shortly."
            raise Overloaded(detail)
        turn = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience_s):
                await turn
        except TimeoutError:
            detail = f"This client has {self._most} requests at work. Try again when they are done."
            raise Overloaded(detail) from None
        finally:
            if turn.cancelled() or not turn.done():
                with suppress(ValueError):
                    line.waiting.remove(turn)

    def give_back(self, client: Hashable) -> None:
        """The client's next request has the turn."""
        line = self._clients[client]
        while line.waiting:
            turn = line.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        line.num_at_work -= 1
        if line.num_at_work == 0:
            del self._clients[client]


class HeldTurns:
    """The turns of one request, one for each thing that it counts for."""

    def __init__(self) -> None:
        self._held: list[tuple[Turns, Hashable]] = []

    async def take(self, wanted: Sequence[tuple[Turns, Hashable]]) -> None:
        """Take all in this order: the narrowest first, so that who waits blocks no one else.

        Raises Overloaded.
        """
        for turns, client in wanted:
            await turns.take(client)
            self._held.append((turns, client))

    def give_back(self) -> None:
        """Once; later calls change nothing."""
        while self._held:
            turns, client = self._held.pop()
            turns.give_back(client)


_OF_THIS_REQUEST: ContextVar[HeldTurns | None] = ContextVar("turns", default=None)


def hold(turns: HeldTurns) -> None:
    """Note them as those of the present request."""
    _OF_THIS_REQUEST.set(turns)


def give_back_turns() -> None:
    """For a request that goes on to wait for long, such as an event stream."""
    turns = _OF_THIS_REQUEST.get()
    if turns is not None:
        turns.give_back()
