"""Readings leave the training process in order, each exactly once, while training goes on.

A checkpoint takes its place among them, so that it is kept once all before it is acknowledged.

While the database is away the queue fills and training goes on; when it is full, training waits.
Nothing is dropped: `drain` returns when the database has acknowledged the last batch.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from app.domain.errors import Fenced, Unavailable
from app.domain.telemetry import RECORD_BYTES, ReadingBatch

T = TypeVar("T")

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
#: How often one that waits says that it is alive.
TICK_S = 1.0


class Record(Protocol):
    """Write one batch under the run's attempt; the same `seq` may come twice."""

    def __call__(self, *, seq: int, batch: ReadingBatch) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SavedMoment:
    """A checkpoint on its way to the artifact store."""

    #: Optimizer steps done.
    step: int
    content: bytes


class Keep(Protocol):
    """Write a checkpoint under the run's attempt; the same one may come twice."""

    def __call__(self, moment: SavedMoment) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How to try again while the database cannot be reached."""

    #: Called while waiting, so that a supervisor does not take waiting for a stall.
    tick: Callable[[], object] = lambda: None
    first_pause_s: float = FIRST_PAUSE_S
    longest_pause_s: float = LONGEST_PAUSE_S

    def through_outages(self, call: Callable[[], T]) -> T:
        """Repeat `call` until the database answers; any other failure is the caller's."""
        pause_s, began = self.first_pause_s, time.monotonic()
        while True:
            try:
                answer = call()
            except Unavailable as error:
                if pause_s == self.first_pause_s:
                    logger.warning("The database cannot be reached: %s", error.detail)
                self.tick()
                # spread, so that many runs do not come back in one instant
                time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                pause_s = min(2 * pause_s, self.longest_pause_s)
            else:
                if pause_s > self.first_pause_s:
                    logger.info("The database answers after %.1f s.", time.monotonic() - began)
                return answer


class Sender:
    """A bounded queue and the one thread that empties it into the database."""

    def __init__(
        self,
        record: Record,
        *,
        keep: Keep,
        patience: Patience,
        on_wait: Callable[[], object],
        on_fenced: Callable[[], None],
        max_pending_bytes: int,
    ) -> None:
        """`on_wait` is called every second while training waits for the queue.

        `on_fenced` runs in the sender's thread as soon as the attempt turns out to be over.
        """
        self._record = record
        self._keep = keep
        self._patience = patience
        self._on_wait = on_wait
        self._on_fenced = on_fenced
        self._max_pending_bytes = max_pending_bytes
        self._changed = threading.Condition()
        self._pending: deque[ReadingBatch | SavedMoment] = deque()
        self._next_seq = 0
        self._pending_bytes = 0
        #: That training has stood still, and no batch has told yet.
        self._waited_s = 0.0
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._empty_queue, name="sender", daemon=True)

    def start(self, *, first_seq: int = 0) -> None:
        self._next_seq = first_seq
        self._thread.start()

    @property
    def is_saving(self) -> bool:
        """Whether a checkpoint still waits: one more would only fill the queue."""
        with self._changed:
            return any(isinstance(item, SavedMoment) for item in self._pending)

    def send(self, item: ReadingBatch | SavedMoment) -> None:
        """Queue a batch or a checkpoint; waits while the queue is full."""
        size = _num_bytes(item)
        # one item may be larger than the whole queue: it then waits for an empty one
        self._waited_s += self._wait_until(
            lambda: not self._pending or self._pending_bytes + size <= self._max_pending_bytes
        )
        if self._waited_s and isinstance(item, ReadingBatch):
            item, self._waited_s = replace(item, waited_s=self._waited_s), 0.0
        with self._changed:
            self._pending.append(item)
            self._pending_bytes += size
            self._changed.notify_all()

    def drain(self) -> None:
        """Wait until the database has everything; raises what stopped the sender, if it did."""
        self._wait_until(lambda: not self._pending)

    def _wait_until(self, is_met: Callable[[], bool]) -> float:
        """How many seconds it took; raises what stopped the sender, if it did."""
        began = None
        with self._changed:
            while self._failure is None and not is_met():
                began = began or time.monotonic()
                self._on_wait()
                self._changed.wait(TICK_S)
            if self._failure is not None:
                raise self._failure
        return 0.0 if began is None else time.monotonic() - began

    def _empty_queue(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                item = self._pending[0]
            if not self._write(item):
                return
            with self._changed:
                self._pending.popleft()
                self._pending_bytes -= _num_bytes(item)
                self._changed.notify_all()

    def _write(self, item: ReadingBatch | SavedMoment) -> bool:
        try:
            self._patience.through_outages(lambda: self._put(item))
        except Fenced as error:
            self._fail(error)
            self._on_fenced()
            return False
        except Exception as error:  # noqa: BLE001 - handed to the thread that trains, which reports
            self._fail(error)
            return False
        return True

    def _put(self, item: ReadingBatch | SavedMoment) -> None:
        if isinstance(item, SavedMoment):
            self._keep(item)
        else:
            self._record(seq=self._next_seq, batch=item)
            self._next_seq += 1

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()


def _num_bytes(item: ReadingBatch | SavedMoment) -> int:
    """Memory that it holds."""
    if isinstance(item, SavedMoment):
        return RECORD_BYTES + len(item.content)
    return item.num_bytes
