"""The sweep of each worker: what was lost is found again.

Every sweep the worker says that it lives. One worker at a time, by an advisory lock in the
database, gives back the runs whose lease has run out and rings for queued ones, and drops
readings that are older than the installation keeps them. Each worker also
looks for work itself, so that runs start with no broker at all, and ends itself when it can no
longer work: without its forkserver, or deaf to a broker that holds unanswered bells.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.domain.errors import Unavailable
from worker.supervision.stopping import StopSignal

logger = logging.getLogger(__name__)

#: Sweeps between two looks at the queue without a bell: a bell that works is always sooner.
SWEEPS_PER_LOOK = 2
#: Sweeps between two looks for readings that are too old.
SWEEPS_PER_DROP = 300
#: Bells that wait so long beside a free slot are not heard.
DEAF_AFTER_S = 20.0


class Slots(Protocol):
    """What the sweep needs of the worker's slots."""

    @property
    def num_free_slots(self) -> int: ...

    @property
    def is_idle(self) -> bool: ...

    @property
    def can_train(self) -> bool: ...

    def look(self) -> bool:
        """Claim a queued run, if there is one and a free slot, and train it."""


class Records(Protocol):
    """What a sweep does in the database."""

    def beat(self) -> bool:
        """This worker lives; False when it has been forgotten."""

    def sweep(self, *, num_bells: int, may_rescue: bool) -> None: ...

    def drop_old_telemetry(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often; in seconds."""

    sweep_s: float
    #: Supervisors that live through an outage of the database have so long to say so, before
    #: anybody takes their runs.
    grace_s: float
    deaf_after_s: float = DEAF_AFTER_S


class Sweeper:
    """Runs in a thread of its own until the worker stops."""

    def __init__(
        self,
        slots: Slots,
        records: Records,
        *,
        count_bells: Callable[[], int | None],
        leave: Callable[[str], None],
        stop: StopSignal,
        pace: Pace,
    ) -> None:
        """`count_bells` says how many wait at the broker, None when it cannot be asked.

        `leave` ends this worker, for the reason given.
        """
        self._slots = slots
        self._records = records
        self._count_bells = count_bells
        self._leave = leave
        self._stop = stop
        self._pace = pace
        self._connected_since: float | None = None
        self._unheard_since: float | None = None
        self._num_sweeps = 0

    def run(self) -> None:
        while not self._stop.wait(self._pace.sweep_s):
            try:
                self.sweep()
            except Exception:
                # an edge: one sweep that fails must not be the last
                logger.exception("A sweep failed.")

    def sweep(self) -> None:
        """One round."""
        if not self._slots.can_train:
            self._leave("the forkserver is gone")
            return
        self._beat_and_sweep()
        self._num_sweeps += 1
        if self._num_sweeps % SWEEPS_PER_LOOK == 0:
            while self._slots.look():
                pass
        if self._is_deaf() and self._slots.is_idle:
            self._leave("bells at the broker are not heard")

    def _beat_and_sweep(self) -> None:
        now = time.monotonic()
        try:
            if not self._records.beat():
                self._leave("it has been forgotten, after a long outage")
                return
            if self._connected_since is None:
                self._connected_since = now
            self._records.sweep(
                num_bells=self._slots.num_free_slots,
                may_rescue=now - self._connected_since >= self._pace.grace_s,
            )
            if self._num_sweeps % SWEEPS_PER_DROP == 0:
                self._records.drop_old_telemetry()
        except Unavailable:
            self._connected_since = None

    def _is_deaf(self) -> bool:
        """True when bells have waited beside a free slot for too long."""
        num_bells = self._count_bells() if self._slots.num_free_slots else None
        if not num_bells:
            self._unheard_since = None
            return False
        now = time.monotonic()
        self._unheard_since = self._unheard_since or now
        return now - self._unheard_since >= self._pace.deaf_after_s
