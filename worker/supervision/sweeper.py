"""The periodic sweep of a worker.

Each sweep records the worker's heartbeat. One worker at a time, which holds an advisory lock of the
database, also rescues runs whose lease has expired, notifies workers of queued runs, and drops old
readings. Lost runs that are not tried again are judged and ended after that, in another thread, and
ended runs are judged again there when experiments that test their causes have ended.
Every worker makes windows that runs of an earlier release lack. Every worker also claims queued
runs in its sweep, so that runs start without a broker. A worker ends when it cannot work any more:
without its forkserver, or when it does not receive the notifications that wait at the broker.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

from app.domain.errors import Unavailable
from app.services.attempts.finish_run import AttemptEnd
from worker.supervision.stop_signal import StopSignal

logger = logging.getLogger(__name__)

#: Every second sweep claims queued runs. A notification that arrives is faster.
SWEEPS_PER_CLAIM = 2
#: Every 300th sweep drops old readings and old records of the audit log.
SWEEPS_PER_DROP = 300
#: A worker that receives no notification in this time, with a free slot and while some wait, does
#: not receive them at all.
UNRECEIVED_AFTER_S = 20.0
#: In place of an attempt: an ended run is judged again.
AGAIN = -1


class Slots(Protocol):
    """The worker's slots, as the sweep uses them."""

    @property
    def num_free_slots(self) -> int: ...

    @property
    def is_idle(self) -> bool: ...

    @property
    def can_train(self) -> bool: ...

    #: A signal told this worker to claim nothing more, and the database does not know it yet.
    is_draining: bool

    def start_queued(self) -> bool:
        """Claims a queued run and starts to train it; returns False without a run or a slot."""

    def submit_diagnosis(self, diagnose: Callable[[], None]) -> Future[None]:
        """Diagnoses a run in another thread; it logs errors."""


class Records(Protocol):
    """The database, as the sweep uses it."""

    def record_heartbeat(self) -> bool:
        """Records that the worker lives; returns False when the worker was deleted."""

    def note_drain(self) -> None:
        """Notes in the database that this worker claims nothing more."""

    def sweep(self, *, max_notifications: int, may_rescue: bool) -> Sequence[AttemptEnd]:
        """Returns the ends of lost runs, which `finish` is to store."""

    def finish(self, end: AttemptEnd) -> None: ...

    def runs_to_judge_again(self) -> Sequence[UUID]:
        """Returns ended runs whose experiments have ended since."""

    def judge_again(self, run_id: UUID) -> None: ...

    def drop_old_telemetry(self) -> None: ...

    def drop_old_acts(self) -> None: ...

    def make_missing_windows(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SweepTiming:
    """Times of the sweep, in seconds."""

    #: Between two sweeps.
    sweep_s: float
    #: After an outage of the database no run is rescued for this long, so that supervisors can
    #: renew their leases first.
    grace_s: float
    unreceived_after_s: float = UNRECEIVED_AFTER_S


class Sweeper:
    """Sweeps in its own thread until the worker stops."""

    def __init__(
        self,
        slots: Slots,
        records: Records,
        *,
        count_messages: Callable[[], int | None],
        count_answered: Callable[[], int],
        terminate: Callable[[str], None],
        stop: StopSignal,
        timing: SweepTiming,
    ) -> None:
        """`count_messages` returns the notifications that wait at the broker, or None.

        None means that the broker does not answer. `count_answered` returns the notifications that
        this worker has received so far. `terminate` ends this worker for a reason.
        """
        self._slots = slots
        self._records = records
        self._count_messages = count_messages
        self._count_answered = count_answered
        self._terminate = terminate
        self._stop = stop
        self._timing = timing
        self._connected_since: float | None = None
        self._unreceived_since: float | None = None
        self._num_answered = 0
        self._num_sweeps = 0
        #: Runs that are being judged, by run and attempt; the attempt is AGAIN for ended runs.
        self._judgements: dict[tuple[UUID, int], Future[None]] = {}

    def run(self) -> None:
        """Sweeps periodically; an error ends one sweep only."""
        while not self._stop.wait(self._timing.sweep_s):
            try:
                self.sweep()
            except Exception:
                # an edge of the process: the next sweep may succeed
                logger.exception("A sweep failed.")

    def sweep(self) -> None:
        """Sweeps once."""
        if not self._slots.can_train:
            self._terminate("the forkserver is gone")
            return
        self._sweep_database()
        self._num_sweeps += 1
        if self._num_sweeps % SWEEPS_PER_CLAIM == 0:
            while self._slots.start_queued():
                pass
        if self._misses_notifications() and self._slots.is_idle:
            self._terminate("it does not receive the notifications that wait at the broker")

    def _sweep_database(self) -> None:
        now = time.monotonic()
        try:
            if not self._records.record_heartbeat():
                self._terminate("its row was deleted during a long outage")
                return
            if self._slots.is_draining:
                self._records.note_drain()
                self._slots.is_draining = False
            if self._connected_since is None:
                self._connected_since = now
            ends = self._records.sweep(
                max_notifications=self._slots.num_free_slots,
                may_rescue=now - self._connected_since >= self._timing.grace_s,
            )
            for end in ends:
                self._submit((end.run_id, end.attempt), partial(self._records.finish, end))
            for run_id in self._records.runs_to_judge_again():
                self._submit((run_id, AGAIN), partial(self._records.judge_again, run_id))
            if self._num_sweeps % SWEEPS_PER_DROP == 0:
                self._records.drop_old_telemetry()
                self._records.drop_old_acts()
            self._records.make_missing_windows()
        except Unavailable:
            self._connected_since = None

    def _submit(self, key: tuple[UUID, int], judge: Callable[[], None]) -> None:
        """Judges a run in another thread, so that this delays no heartbeat.

        A later sweep returns the same run again when this takes long.
        """
        earlier = self._judgements.get(key)
        if earlier is None or earlier.done():
            pending = {known: one for known, one in self._judgements.items() if not one.done()}
            self._judgements = {**pending, key: self._slots.submit_diagnosis(judge)}

    def _misses_notifications(self) -> bool:
        """Returns whether notifications wait, a slot is free, and none was received for long.

        How many wait does not matter: a worker that answers one after the other is well.
        """
        num_waiting = self._count_messages() if self._slots.num_free_slots else None
        num_before, self._num_answered = self._num_answered, self._count_answered()
        if not num_waiting or self._num_answered != num_before:
            self._unreceived_since = None
            return False
        now = time.monotonic()
        self._unreceived_since = self._unreceived_since or now
        return now - self._unreceived_since >= self._timing.unreceived_after_s
