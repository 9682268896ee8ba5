"""Sends readings to the database in order and exactly once, in a thread beside training.

Checkpoints are queued among the batches of readings, so that a checkpoint is saved only once the
database has acknowledged all readings before it. Batches that wait are stored as one, so that a
backlog costs fewer transactions.

During an outage of the database the queue fills while training continues; when the queue is full,
training waits. Nothing is dropped: `drain` returns when the last batch is acknowledged.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol, TypeVar

from app.domain.errors import Fenced, Unavailable
from app.domain.merging import can_merge, merged
from app.domain.telemetry import (
    MAX_MERGED_FLUSHES,
    RECORD_BYTES,
    ReadingBatch,
)

T = TypeVar("T")

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
#: Training that waits for the queue reports it this often.
REPORT_EVERY_S = 1.0


class RecordBatch(Protocol):
    """Stores one batch; a repeated call with the same `seq` changes nothing."""

    def __call__(self, *, seq: int, batch: ReadingBatch) -> None: ...


@dataclass(frozen=True, kw_only=True)
class PendingCheckpoint:
    """A checkpoint in the queue."""

    #: Number of optimizer steps done.
    step: int
    content: bytes
    #: False for the state of the best step, from which only forks start.
    for_resume: bool = True


class SaveCheckpoint(Protocol):
    """Saves a checkpoint; a repeated call with the same one changes nothing."""

    def __call__(self, pending: PendingCheckpoint) -> None: ...


@dataclass(frozen=True, kw_only=True)
class OutageRetry:
    """Repeats calls while the database cannot be reached, with growing pauses."""

    #: Called before each pause, so that the supervisor does not take the wait for a stall.
    on_wait: Callable[[], object] = lambda: None
    first_pause_s: float = FIRST_PAUSE_S
    longest_pause_s: float = LONGEST_PAUSE_S

    def until_available(self, call: Callable[[], T]) -> T:
        """Repeats `call` while it raises Unavailable; returns its result or raises its error."""
        pause_s, began = self.first_pause_s, time.monotonic()
        while True:
            try:
                answer = call()
            except Unavailable as error:
                if pause_s == self.first_pause_s:
                    logger.warning("The database cannot be reached: %s", error.detail)
                self.on_wait()
                # random, so that many runs do not reconnect at the same time
                time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                pause_s = min(2 * pause_s, self.longest_pause_s)
            else:
                if pause_s > self.first_pause_s:
                    logger.info("The database answers after %.1f s.", time.monotonic() - began)
                return answer


class Sender:
    """A bounded queue, and one thread that writes its items to the database."""

    def __init__(
        self,
        record: RecordBatch,
        *,
        save: SaveCheckpoint,
        retry: OutageRetry,
        on_wait: Callable[[], object],
        on_fenced: Callable[[], None],
        max_pending_bytes: int,
    ) -> None:
        """`on_wait` is called every second while training waits for the queue.

        `on_fenced` is called in the sender's thread when a write raises Fenced.
        """
        self._record = record
        self._save = save
        self._retry = retry
        self._on_wait = on_wait
        self._on_fenced = on_fenced
        self._max_pending_bytes = max_pending_bytes
        self._changed = threading.Condition()
        self._pending: deque[ReadingBatch | PendingCheckpoint] = deque()
        self._next_seq = 0
        self._pending_bytes = 0
        #: Seconds that training waited, not yet reported in a batch.
        self._waited_s = 0.0
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._empty_queue, name="sender", daemon=True)

    def start(self, *, first_seq: int = 0) -> None:
        """Starts the thread; `first_seq` is the number of the next batch."""
        self._next_seq = first_seq
        self._thread.start()

    @property
    def is_saving(self) -> bool:
        """Whether the queue holds a checkpoint; another one would only fill the queue."""
        with self._changed:
            return any(isinstance(item, PendingCheckpoint) for item in self._pending)

    def send(self, item: ReadingBatch | PendingCheckpoint) -> None:
        """Queues a batch or a checkpoint; waits while the queue is full.

        Raises the error that stopped the sender, if there is one.
        """
        size = _num_bytes(item)
        # an item that is larger than the whole queue waits for an empty queue
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
        """Waits until the queue is empty. Raises the error that stopped the sender, if any."""
        self._wait_until(lambda: not self._pending)

    def _wait_until(self, is_met: Callable[[], bool]) -> float:
        """Returns the seconds of the wait. Raises the error that stopped the sender, if any."""
        began = None
        with self._changed:
            while self._failure is None and not is_met():
                began = began or time.monotonic()
                self._on_wait()
                self._changed.wait(REPORT_EVERY_S)
            if self._failure is not None:
                raise self._failure
        return 0.0 if began is None else time.monotonic() - began

    def _empty_queue(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                taken = self._next_items()
            if not self._write(_as_one(taken)):
                return
            with self._changed:
                for item in taken:
                    self._pending.popleft()
                    self._pending_bytes -= _num_bytes(item)
                self._changed.notify_all()

    def _next_items(self) -> list[ReadingBatch | PendingCheckpoint]:
        """Returns the next checkpoint, or the next batches that can be stored as one.

        A repetition of a write has the same batches: they are chosen once.
        """
        first, *rest = islice(self._pending, MAX_MERGED_FLUSHES)
        taken = [first]
        for item in rest:
            earlier = taken[-1]
            if isinstance(earlier, PendingCheckpoint) or isinstance(item, PendingCheckpoint):
                break
            if not can_merge(earlier, item):
                break
            taken.append(item)
        return taken

    def _write(self, item: ReadingBatch | PendingCheckpoint) -> bool:
        try:
            self._retry.until_available(lambda: self._put(item))
        except Fenced as error:
            self._fail(error)
            self._on_fenced()
            return False
        except Exception as error:  # noqa: BLE001 - passed to the training thread, which reports it
            self._fail(error)
            return False
        return True

    def _put(self, item: ReadingBatch | PendingCheckpoint) -> None:
        if isinstance(item, PendingCheckpoint):
            self._save(item)
        else:
            self._record(seq=self._next_seq, batch=item)
            self._next_seq += 1

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()


def _as_one(items: list[ReadingBatch | PendingCheckpoint]) -> ReadingBatch | PendingCheckpoint:
    batches = [item for item in items if isinstance(item, ReadingBatch)]
    return merged(batches) if batches else items[0]


def _num_bytes(item: ReadingBatch | PendingCheckpoint) -> int:
    """Returns the memory that an item takes."""
    if isinstance(item, PendingCheckpoint):
        return RECORD_BYTES + len(item.content)
    return item.num_bytes
