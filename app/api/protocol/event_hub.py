"""Wakes live streams: one poller a process reads the event numbers of all runs that are followed.

A client's queue holds one bell: what happened is read from the database by number, so that a slow
client costs no memory and loses nothing.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from uuid import UUID

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from app.domain.errors import ClinicError, Overloaded
from app.store.database import unit_of_work
from app.store.events import event_numbers

logger = logging.getLogger(__name__)

#: Between two looks at the numbers: somebody waits for the end of a preflight …
SHORTEST_POLL_S = 0.05
LONGEST_POLL_S = 0.2
#: … but looks are to take no more than about a twentieth of the process.
REST_A_LOOK = 20
#: Clients that one process serves at a time.
MAX_STREAMS = 1000


class EventHub:
    """Subscriptions of one process; lives in its event loop."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_closing = False
        self._bells: dict[UUID, set[asyncio.Event]] = {}
        #: Next event number of each followed run at the last look; None for a deleted one.
        self._numbers: dict[UUID, int | None] = {}
        self._poller: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def subscribe(self, run_id: UUID) -> AsyncIterator[asyncio.Event]:
        """A bell that rings when the run has new events, is deleted, or the process shuts down."""
        bell = asyncio.Event()
        self._bells.setdefault(run_id, set()).add(bell)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            yield bell
        finally:
            self._bells[run_id].discard(bell)
            if not self._bells[run_id]:
                del self._bells[run_id]
                self._numbers.pop(run_id, None)

    def check_room(self) -> None:
        """Raise Overloaded when as many streams are open as one process serves."""
        if sum(map(len, self._bells.values())) >= MAX_STREAMS:
            detail = "Too many event streams are open; try again later, or read pages."
            raise Overloaded(detail)

    def is_deleted(self, run_id: UUID) -> bool:
        return run_id in self._numbers and self._numbers[run_id] is None

    def close(self) -> None:
        """End all streams; their clients come back with `Last-Event-ID`."""
        self.is_closing = True
        if self._poller is not None:
            self._poller.cancel()
        for bells in self._bells.values():
            _ring(bells)

    async def _poll(self) -> None:
        while self._bells:
            began_s = time.monotonic()
            followed = frozenset(self._bells)
            try:
                numbers = await run_in_threadpool(self._read_numbers, followed)
                self._compare(followed, numbers)
            except ClinicError as error:  # the next look may do
                logger.debug("the numbers of events could not be read: %s", error)
            await asyncio.sleep(rest_s(time.monotonic() - began_s))

    def _read_numbers(self, run_ids: frozenset[UUID]) -> Mapping[UUID, int]:
        with unit_of_work(self.engine) as work:
            return event_numbers(work.session, run_ids)

    def _compare(self, followed: frozenset[UUID], numbers: Mapping[UUID, int]) -> None:
        for run_id in followed & self._bells.keys():
            number = numbers.get(run_id)
            if run_id not in self._numbers or self._numbers[run_id] != number:
                self._numbers[run_id] = number
                _ring(self._bells[run_id])


def rest_s(look_s: float) -> float:
    """How long to leave the database alone after a look that took so many seconds."""
    return min(LONGEST_POLL_S, max(SHORTEST_POLL_S, REST_A_LOOK * look_s))


async def rings_within(bell: asyncio.Event, timeout_s: float) -> bool:
    """Whether the bell rings before the time is over."""
    try:
        await asyncio.wait_for(bell.wait(), max(0.0, timeout_s))
    except TimeoutError:
        return False
    return True


def _ring(bells: set[asyncio.Event]) -> None:
    for bell in bells:
        bell.set()


@contextmanager
def closing_at_shutdown(hub: EventHub) -> Iterator[None]:
    """Close the hub when the server is asked to stop: it waits for the streams, they for events.

    The server's own handlers of SIGTERM and SIGINT run after ours. Outside the main thread, where
    Python takes no handlers, the server's time limit for a graceful stop has to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        hub.close()
        return
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.close)
        handler = former[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in former.items():
        if callable(handler):  # a server has taken charge of it
            signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in former.items():
            if callable(handler):
                signal.signal(number, handler)
        hub.close()
