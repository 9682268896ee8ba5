"""Tells live streams and waiting requests that a run has new events, or that their key is over.

One task per process polls the event numbers of all followed runs and the keys of their followers. A
follower holds one asyncio.Event and reads the events from the database by number, so a slow client
costs no memory and misses nothing. A follower that is woken checks its key.

sse-starlette was tried for the streams: it ends them at shutdown by cancelling them without a last
chunk, which clients see as an error, and it does not end the requests that wait for a run's end.
With clients that do not read, it needs uvicorn's time limit for shutdown just as this hub does.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from types import FrameType
from uuid import UUID

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from app.api.protocol.turns import KEYS_PER_WORKSPACE, give_back_turns
from app.domain.access import Caller
from app.domain.errors import ClinicError, Overloaded
from app.services.telemetry.read_events import Portion, read_portion
from app.store.database import reading, unit_of_work
from app.store.followed import Followed, read_followed

logger = logging.getLogger(__name__)

#: Seconds between two polls: short where a request waits for the end of a run or a preflight.
SHORTEST_POLL_S = 0.05
LONGEST_POLL_S = 0.2
#: Pause after a poll, in durations of the poll: polling takes at most a twentieth of the time.
PAUSE_PER_POLL = 20
#: Followers per process.
MAX_STREAMS = 1000
#: Seconds after a poll for which what it found of keys and sessions holds.
TRUSTED_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Credential:
    """By what a client has signed in."""

    #: Of the key or of the session's token.
    digest: bytes
    is_session: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class _Follower:
    """A stream or a waiting request."""

    caller: Caller
    credential: Credential | None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key_id(self) -> UUID:
        return self.caller.key_id

    @property
    def session_digest(self) -> bytes | None:
        shown = self.credential
        return shown.digest if shown is not None and shown.is_session else None


def _may_go_on(follower: _Follower, found: Followed) -> bool:
    digest = follower.session_digest
    is_open = digest is None or digest in found.usable_sessions
    return is_open and follower.key_id in found.usable_keys


class EventHub:
    """The followers of runs in one process. Use it from the event loop alone.

    A prediction is followed as a run is: its version stands for the number of events.
    """

    def __init__(self, engine: Engine, *, most_per_key: int = MAX_STREAMS) -> None:
        self.engine = engine
        self._most_per_key = most_per_key
        self.is_closing = False
        self._followers: dict[UUID, set[_Follower]] = {}
        #: Next event number of each followed run at the last poll; None for a deleted run.
        self._numbers: dict[UUID, int | None] = {}
        self._poller: asyncio.Task[None] | None = None
        #: Who follows a run by which key or session, as the last poll found it valid.
        self._known: Mapping[bytes, Caller] = {}
        self._known_until_s = 0.0
        #: What is read of a log, by the number after which; until the run has a further event.
        self._portions: dict[tuple[UUID, int], asyncio.Task[Portion]] = {}

    @asynccontextmanager
    async def subscribe(
        self, run_id: UUID, *, caller: Caller, credential: Credential | None = None
    ) -> AsyncIterator[asyncio.Event]:
        """An Event that is set when the run has new events or is deleted, and at shutdown.

        It is also set while the key of the follower, or the session that `credential` names, is not
        valid any more. The request gives its turn back, since it may wait for long. Raises
        Overloaded.
        """
        self.check_room(caller)
        give_back_turns()
        follower = _Follower(caller=caller, credential=credential)
        self._followers.setdefault(run_id, set()).add(follower)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            yield follower.changed
        finally:
            self._followers[run_id].discard(follower)
            if not self._followers[run_id]:
                del self._followers[run_id]
                self._numbers.pop(run_id, None)
                self._forget_portions(run_id)

    def check_room(self, caller: Caller) -> None:
        """Raises Overloaded where the process, the workspace or the key follows enough.

        A workspace makes keys at will: all of them together follow KEYS_PER_WORKSPACE times as much
        as one.
        """
        everybody = list(self._everybody())
        of_key = sum(one.key_id == caller.key_id for one in everybody)
        of_workspace = sum(one.caller.workspace_id == caller.workspace_id for one in everybody)
        if (
            len(everybody) >= MAX_STREAMS
            or of_key >= self._most_per_key
            or of_workspace >= KEYS_PER_WORKSPACE * self._most_per_key
        ):
            detail = (
                "Too many event streams are open. Try again later, or read the events in pages."
            )
            raise Overloaded(detail)

    def known(self, digest: bytes) -> Caller | None:
        """Returns who follows a run by this key or session, if that was valid a moment ago."""
        return self._known.get(digest) if time.monotonic() < self._known_until_s else None

    def forget(self, digest: bytes) -> None:
        """The session is over; the next poll finds that out for its streams."""
        self._known = {one: caller for one, caller in self._known.items() if one != digest}

    async def portion(self, run_id: UUID, *, after: int, limit: int) -> Portion:
        """Returns the next events of a log, read once for all who follow it from the same place."""
        place = (run_id, after)
        if place not in self._portions:
            self._portions[place] = asyncio.create_task(
                run_in_threadpool(self._read_portion, run_id, after, limit)
            )
        task = self._portions[place]
        try:
            return await asyncio.shield(task)
        finally:
            if task.done() and (task.cancelled() or task.exception()):
                self._portions.pop(place, None)

    def _read_portion(self, run_id: UUID, after: int, limit: int) -> Portion:
        with unit_of_work(self.engine) as work:
            return read_portion(work, run_id=run_id, after=after, limit=limit)

    def _forget_portions(self, run_id: UUID) -> None:
        for place in [one for one in self._portions if one[0] == run_id]:
            del self._portions[place]

    @property
    def has_followers(self) -> bool:
        return bool(self._followers)

    def follows(self, run_id: UUID, *, workspace_id: UUID) -> bool:
        """Whether one of this workspace follows the run, which existed at the last poll."""
        followers = list(self._followers.get(run_id, ()))
        exists = self._numbers.get(run_id) is not None
        return exists and any(one.caller.workspace_id == workspace_id for one in followers)

    def is_deleted(self, run_id: UUID) -> bool:
        return run_id in self._numbers and self._numbers[run_id] is None

    def close(self) -> None:
        """End all streams and waiting requests. Authorised clients reconnect."""
        self.is_closing = True
        if self._poller is not None:
            self._poller.cancel()
        _set_all(self._everybody())

    async def _poll(self) -> None:
        while self._followers:
            began_s = time.monotonic()
            followed = frozenset(self._followers)
            asking = list(self._everybody())
            try:
                poll = await run_in_threadpool(self._read, followed, asking)
                self._compare(followed, poll.numbers)
                accepted = [one for one in asking if _may_go_on(one, poll)]
                self._known = {
                    one.credential.digest: one.caller for one in accepted if one.credential
                }
                self._known_until_s = time.monotonic() + TRUSTED_S
                _set_all(one for one in asking if one not in accepted)
            except ClinicError as error:  # the next poll may succeed
                logger.debug("The event numbers could not be read: %s", error)
            is_urgent = any(one.credential is None for one in self._everybody())
            await asyncio.sleep(pause_s(time.monotonic() - began_s, is_urgent=is_urgent))

    def _everybody(self) -> Iterator[_Follower]:
        return chain.from_iterable(self._followers.values())

    def _read(self, run_ids: frozenset[UUID], asking: Sequence[_Follower]) -> Followed:
        digests = {one.session_digest for one in asking if one.session_digest is not None}
        keys = {one.key_id for one in asking}
        with reading(self.engine) as connection:
            return read_followed(connection, followed=run_ids, keys=keys, sessions=digests)

    def _compare(self, followed: frozenset[UUID], numbers: Mapping[UUID, int]) -> None:
        for run_id in followed & self._followers.keys():
            number = numbers.get(run_id)
            if run_id not in self._numbers or self._numbers[run_id] != number:
                self._numbers[run_id] = number
                self._forget_portions(run_id)
                _set_all(self._followers[run_id])


def pause_s(poll_s: float, *, is_urgent: bool = True) -> float:
    """Seconds to wait after a poll that took `poll_s`; streams alone are not urgent."""
    shortest_s = SHORTEST_POLL_S if is_urgent else LONGEST_POLL_S
    return min(LONGEST_POLL_S, max(shortest_s, PAUSE_PER_POLL * poll_s))


async def is_set_within(changed: asyncio.Event, timeout_s: float) -> bool:
    """Wait for the event; False where `timeout_s` passes before."""
    try:
        await asyncio.wait_for(changed.wait(), max(0.0, timeout_s))
    except TimeoutError:
        return False
    return True


def _set_all(followers: Iterable[_Follower]) -> None:
    for follower in followers:
        follower.changed.set()


@contextmanager
def closing_at_shutdown(hub: EventHub) -> Iterator[None]:
    """Close the hub at SIGTERM and SIGINT: the server waits for streams, which wait for events.

    The server's handlers of these signals run after this one. Outside the main thread Python
    allows no handlers, and the server's time limit for shutdown ends the streams.
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
        if callable(handler):  # the server has a handler
            signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in former.items():
            if callable(handler):
                signal.signal(number, handler)
        hub.close()
