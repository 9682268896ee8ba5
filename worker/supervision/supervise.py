"""One claimed run from the worker's side: heartbeats, cancelling, stalls, and what an end means.

The child writes its own end. The supervisor writes one only where the child cannot: after its
death, or when it had to be killed. All it writes carries the attempt, so a supervisor that was
paused for too long can spoil nothing.
"""

import logging
import select
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, assert_never

from app.domain.errors import Fenced, Unavailable
from app.domain.runs import Run, StopReason
from worker.execution.orders import WAIT, ExitCode
from worker.supervision.children import Child
from worker.supervision.oom import count_oom_kills
from worker.supervision.stopping import StopSignal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How long a supervisor waits for what."""

    #: Between two signs of life.
    heartbeat_s: float = 5.0
    #: A child that was told to cancel has so long to end on its own.
    cancel_grace_s: float = 10.0
    #: A child whose worker stops has so long to leave a checkpoint.
    pause_grace_s: float = 2.0
    #: A child that makes no step for so long is stuck. Generous: building data or one step of a
    #: very long sequence takes minutes.
    stall_s: float = 1800.0
    #: While the database is away training goes on, since no other worker can claim the run either;
    #: one that was cut off alone is fenced. After so long nobody waits for it any more.
    max_outage_s: float = 600.0
    #: Between two diagnoses of a run in progress.
    diagnose_every_s: float = 10.0


class Records(Protocol):
    """What a supervisor writes of its run, always under its attempt."""

    def beat(self, *, waits_for_database: bool) -> bool:
        """Renew the lease; true when somebody asked to cancel."""

    def finish(self, stop_reason: StopReason, error: str | None) -> None: ...

    def give_back(self) -> None:
        """Queue it again, uncharged."""

    def lose(self, error: str) -> None:
        """Queue it again with one more crash on its account, or fail it after too many."""

    def diagnose(self) -> None: ...


class Decision(Enum):
    """What a supervisor does after a look at its run."""

    GO_ON = auto()
    CANCEL = auto()
    END_CANCELLED = auto()
    END_STALLED = auto()
    ABANDON = auto()


@dataclass(frozen=True, kw_only=True)
class View:
    """What is known of a run at one heartbeat; all durations in seconds until now."""

    is_cancel_requested: bool = False
    #: Since the child was told to cancel; None while it was not.
    since_cancel_s: float | None = None
    since_progress_s: float = 0.0
    since_heartbeat_s: float = 0.0


def decide(view: View, policy: Policy) -> Decision:
    if view.since_cancel_s is not None and view.since_cancel_s >= policy.cancel_grace_s:
        return Decision.END_CANCELLED
    if view.is_cancel_requested and view.since_cancel_s is None:
        return Decision.CANCEL
    if view.since_progress_s >= policy.stall_s:
        return Decision.END_STALLED
    if view.since_heartbeat_s >= policy.max_outage_s:
        return Decision.ABANDON
    return Decision.GO_ON


class Supervisor:
    """Watches one child until it has ended."""

    def __init__(
        self,
        run: Run,
        child: Child,
        *,
        records: Records,
        stop: StopSignal,
        policy: Policy,
        check_up: Callable[[Callable[[], None]], Future[None]],
    ) -> None:
        """`check_up` runs a diagnosis somewhere else, so that a long one delays no heartbeat."""
        self._run = run
        self._child = child
        self._records = records
        self._stop = stop
        self._policy = policy
        self._check_up = check_up
        now = time.monotonic()
        self._progressed_at = self._beaten_at = self._diagnosed_at = now
        self._cancelled_at: float | None = None
        self._waits_for_database = False
        self._examination: Future[None] | None = None
        self._oom_kills = count_oom_kills()

    def watch(self) -> None:
        """Return when the child is gone and the database knows why, or cannot be told."""
        try:
            while not self._child_ended_within(self._policy.heartbeat_s):
                if self._stop.is_set():
                    self._child.pause()
                    self._child.wait(self._policy.pause_grace_s)
                    self._child.kill()
                    self._records.give_back()
                    return
                if not self._look():
                    return
            self._conclude()
        except Fenced:
            logger.info("Run %s attempt %d is no longer ours.", self._run.id, self._run.attempt)
        except Unavailable:
            # the lease runs out, and the run is given back then
            logger.warning("Run %s: its end could not be written.", self._run.id)
        finally:
            self._child.kill()
            self._child.close()

    def _child_ended_within(self, timeout_s: float) -> bool:
        if self._cancelled_at is not None:
            timeout_s = min(timeout_s, self._policy.cancel_grace_s)
        select.select([self._child.status_fd, self._stop.fd], [], [], timeout_s)
        return self._child.has_ended()

    def _look(self) -> bool:
        """Give a sign of life, take what the look demands; false when the run is over."""
        decision = decide(self._view(), self._policy)
        match decision:
            case Decision.GO_ON:
                self._diagnose_when_due()
            case Decision.CANCEL:
                self._cancelled_at = time.monotonic()
                self._child.cancel()
            case Decision.END_CANCELLED:
                self._end(StopReason.CANCELLED, None)
            case Decision.END_STALLED:
                error = f"Training did not move for {self._policy.stall_s:g} s."
                self._end(StopReason.CRASHED, error)
            case Decision.ABANDON:
                logger.error("Run %s: no database for too long.", self._run.id)
            case _:
                assert_never(decision)
        return decision in {Decision.GO_ON, Decision.CANCEL}

    def _view(self) -> View:
        said = self._child.listen()
        if said:
            self._progressed_at = time.monotonic()
            self._waits_for_database = said.endswith(WAIT)
        is_cancel_requested = False
        try:
            is_cancel_requested = self._records.beat(waits_for_database=self._waits_for_database)
            self._beaten_at = time.monotonic()
        except Unavailable as error:
            logger.warning("Run %s: no heartbeat: %s", self._run.id, error.detail)
        now = time.monotonic()
        return View(
            is_cancel_requested=is_cancel_requested,
            since_cancel_s=None if self._cancelled_at is None else now - self._cancelled_at,
            since_progress_s=now - self._progressed_at,
            since_heartbeat_s=now - self._beaten_at,
        )

    def _diagnose_when_due(self) -> None:
        now = time.monotonic()
        is_examined = self._examination is not None and not self._examination.done()
        if not is_examined and now - self._diagnosed_at >= self._policy.diagnose_every_s:
            self._diagnosed_at = now
            self._examination = self._check_up(self._records.diagnose)

    def _end(self, stop_reason: StopReason, error: str | None) -> None:
        self._child.kill()
        self._records.finish(stop_reason, error)

    def _conclude(self) -> None:
        """Write the end of a child that died without having written it."""
        code = self._child.exit_code
        if code is None or code in {ExitCode.DONE, ExitCode.FENCED}:
            return
        if self._cancelled_at is not None:
            self._records.finish(StopReason.CANCELLED, None)
        elif code > 0:
            # what its run does wrong a child writes itself: this came from around it, and may pass
            self._records.lose(f"The training process ended with exit code {code}.")
        elif -code == signal.SIGKILL and count_oom_kills() > self._oom_kills:
            error = "The machine ran out of memory and killed the training process."
            self._records.finish(StopReason.OUT_OF_MEMORY, error)
        else:
            self._records.lose(f"The training process was killed by {_signal_name(-code)}.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
