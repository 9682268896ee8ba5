"""Supervises one claimed run: heartbeats, cancelling, stalls, and the exit of its child.

The child writes the end of its run. The supervisor writes it only where the child cannot: when the
child died or had to be killed. Every write names the attempt, so that a supervisor that was paused
for too long changes nothing.
"""

import logging
import select
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, Protocol, assert_never

from app.domain.errors import Fenced, Unavailable
from app.domain.runs import Run, StopReason
from app.store.claims import Heartbeat
from worker.execution.commands import WAITING, ExitCode
from worker.supervision.children import Child
from worker.supervision.oom import count_oom_kills
from worker.supervision.stop_signal import StopSignal
from worker.supervision.wake_signal import WakeSignal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Times of a supervisor, in seconds."""

    #: Between two heartbeats.
    heartbeat_s: float = 5.0
    #: A child that was told to cancel, or to pause for its workspace, is killed after this time.
    cancel_grace_s: float = 10.0
    #: A child that was told to pause, because its worker stops, is killed after this time.
    pause_grace_s: float = 2.0
    #: A child without progress for this long counts as stalled. It is long, because building data
    #: or one step over a very long sequence takes minutes.
    stall_s: float = 1800.0
    #: During an outage of the database training continues, because no other worker can claim the
    #: run either. If only this worker is cut off, its attempt is fenced. After this time the
    #: supervisor gives up.
    max_outage_s: float = 600.0
    #: Between two diagnoses of a running run.
    diagnose_every_s: float = 10.0
    #: A child that runs for this long is killed; None is no limit.
    time_limit_s: float | None = None


class Records(Protocol):
    """What a supervisor writes about its run, always for its attempt."""

    def renew_lease(self, *, waits_for_database: bool) -> Heartbeat:
        """Renews the lease; returns whether the run is to be cancelled or paused."""

    def finish(self, stop_reason: StopReason, error: str | None) -> None: ...

    def release(self) -> None:
        """Queues the run again without counting a crash."""

    def rescue(self, error: str) -> None:
        """Queues the run again and counts a crash, or fails it after too many."""

    def diagnose(self) -> bool:
        """Diagnoses the run; returns whether a critical finding is to stop it."""


class Decision(Enum):
    """What a supervisor does after a heartbeat."""

    CONTINUE = auto()
    CANCEL = auto()
    END_CANCELLED = auto()
    PAUSE = auto()
    RELEASE = auto()
    END_STALLED = auto()
    END_TIMED_OUT = auto()
    ABANDON = auto()


#: Those by which the supervisor ends the run itself.
EndDecision = Literal[Decision.END_CANCELLED, Decision.END_STALLED, Decision.END_TIMED_OUT]


@dataclass(frozen=True, kw_only=True)
class HeartbeatState:
    """What a supervisor knows of its run at one heartbeat."""

    is_cancel_requested: bool = False
    #: The run's workspace is suspended.
    is_pause_requested: bool = False
    #: Seconds since the child was told to cancel; None when it was not.
    since_cancel_s: float | None = None
    #: Seconds since the child was told to pause; None when it was not.
    since_pause_s: float | None = None
    #: Seconds since the child was started.
    since_start_s: float = 0.0
    #: Seconds since the child last reported progress.
    since_progress_s: float = 0.0
    #: Seconds since the database last accepted a heartbeat.
    since_heartbeat_s: float = 0.0


def decide(state: HeartbeatState, policy: Policy) -> Decision:
    """Returns what to do; the first condition that holds decides."""
    is_cancelled, is_paused = state.since_cancel_s is not None, state.since_pause_s is not None
    is_asked_to_pause = state.is_pause_requested and not is_cancelled
    rules = (
        (_is_over(state.since_cancel_s, policy.cancel_grace_s), Decision.END_CANCELLED),
        (state.is_cancel_requested and not is_cancelled, Decision.CANCEL),
        (_is_over(state.since_pause_s, policy.cancel_grace_s), Decision.RELEASE),
        (is_asked_to_pause and not is_paused, Decision.PAUSE),
        (_is_over(state.since_start_s, policy.time_limit_s), Decision.END_TIMED_OUT),
        (_is_over(state.since_progress_s, policy.stall_s), Decision.END_STALLED),
        (_is_over(state.since_heartbeat_s, policy.max_outage_s), Decision.ABANDON),
    )
    return next((decision for holds, decision in rules if holds), Decision.CONTINUE)


def _is_over(since_s: float | None, limit_s: float | None) -> bool:
    """Returns whether so many seconds have passed; False when either is unknown."""
    return since_s is not None and limit_s is not None and since_s >= limit_s


class Supervisor:
    """Supervises one child until it has ended."""

    def __init__(
        self,
        run: Run,
        child: Child,
        *,
        records: Records,
        stop: StopSignal,
        wake: WakeSignal,
        policy: Policy,
        submit: Callable[[Callable[[], None]], Future[None]],
    ) -> None:
        """`wake` makes the next heartbeat follow at once.

        `submit` runs a diagnosis in another thread, so that it delays no heartbeat.
        """
        self._run = run
        self._child = child
        self._records = records
        self._stop = stop
        self._wake = wake
        self._policy = policy
        self._submit = submit
        now = time.monotonic()
        self._started_at = now
        self._progressed_at = self._renewed_at = self._diagnosed_at = now
        self._cancelled_at: float | None = None
        self._paused_at: float | None = None
        self._waits_for_database = False
        self._diagnosis: Future[None] | None = None
        #: A critical finding is to stop the run; the thread that diagnoses sets it.
        self._is_to_stop = self._is_told_to_stop = False
        self._oom_kills = count_oom_kills()

    def watch(self) -> None:
        """Returns once the child has ended and its end is stored, or cannot be stored."""
        try:
            while not self._child_ended_within(self._policy.heartbeat_s):
                if self._stop.is_set():
                    self._child.pause()
                    self._child.wait(self._policy.pause_grace_s)
                    self._child.kill()
                    self._records.release()
                    return
                if not self._check():
                    return
            self._record_exit()
        except Fenced:
            logger.info("Run %s attempt %d is fenced.", self._run.id, self._run.attempt)
        except Unavailable:
            # the run is rescued when its lease expires
            logger.warning("Run %s: its end could not be stored.", self._run.id)
        finally:
            self._child.kill()
            self._child.close()

    def _child_ended_within(self, timeout_s: float) -> bool:
        if self._cancelled_at is not None or self._paused_at is not None:
            timeout_s = min(timeout_s, self._policy.cancel_grace_s)
        select.select([self._child.status_fd, self._stop.fd, self._wake.fd], [], [], timeout_s)
        self._wake.clear()
        return self._child.has_ended()

    def _check(self) -> bool:
        """Renews the lease and acts on the state; returns False when the run is over."""
        decision = decide(self._state(), self._policy)
        match decision:
            case Decision.CONTINUE:
                self._stop_or_diagnose()
            case Decision.CANCEL:
                self._cancelled_at = time.monotonic()
                self._child.cancel()
            case Decision.PAUSE:
                self._paused_at = time.monotonic()
                self._child.pause()
            case Decision.RELEASE:
                self._child.kill()
                self._records.release()
            case Decision.END_CANCELLED | Decision.END_STALLED | Decision.END_TIMED_OUT:
                self._end(*self._reason_of(decision))
            case Decision.ABANDON:
                logger.error("Run %s: the database was unavailable for too long.", self._run.id)
            case _:
                assert_never(decision)
        return decision in {Decision.CONTINUE, Decision.CANCEL, Decision.PAUSE}

    def _state(self) -> HeartbeatState:
        messages = self._child.read_messages()
        if messages:
            self._progressed_at = time.monotonic()
            self._waits_for_database = messages.endswith(WAITING)
        heartbeat = Heartbeat(cancel_requested=False)
        try:
            heartbeat = self._records.renew_lease(waits_for_database=self._waits_for_database)
            self._renewed_at = time.monotonic()
        except Unavailable as error:
            logger.warning("Run %s: no heartbeat: %s", self._run.id, error.detail)
        now = time.monotonic()
        return HeartbeatState(
            is_cancel_requested=heartbeat.cancel_requested,
            is_pause_requested=heartbeat.pause_requested,
            since_cancel_s=None if self._cancelled_at is None else now - self._cancelled_at,
            since_pause_s=None if self._paused_at is None else now - self._paused_at,
            since_start_s=now - self._started_at,
            since_progress_s=now - self._progressed_at,
            since_heartbeat_s=now - self._renewed_at,
        )

    def _stop_or_diagnose(self) -> None:
        """Tells the child once to stop at a critical finding; until then, diagnoses when due."""
        if not self._is_to_stop:
            self._diagnose_when_due()
        elif not self._is_told_to_stop:
            self._is_told_to_stop = True
            self._child.stop()

    def _diagnose(self) -> None:
        self._is_to_stop = self._records.diagnose()

    def _diagnose_when_due(self) -> None:
        now = time.monotonic()
        is_diagnosing = self._diagnosis is not None and not self._diagnosis.done()
        if not is_diagnosing and now - self._diagnosed_at >= self._policy.diagnose_every_s:
            self._diagnosed_at = now
            self._diagnosis = self._submit(self._diagnose)

    def _reason_of(self, decision: EndDecision) -> tuple[StopReason, str | None]:
        """Returns the stop reason of a run that the supervisor ends, and a sentence."""
        match decision:
            case Decision.END_CANCELLED:
                return StopReason.CANCELLED, None
            case Decision.END_STALLED:
                error = f"Training made no progress for {self._policy.stall_s:g} s."
                return StopReason.CRASHED, error
            case Decision.END_TIMED_OUT:
                error = f"It was stopped after {self._policy.time_limit_s:g} s."
                return StopReason.TIMED_OUT, error
            case _:
                assert_never(decision)

    def _end(self, stop_reason: StopReason, error: str | None) -> None:
        self._child.kill()
        self._records.finish(stop_reason, error)

    def _record_exit(self) -> None:
        """Stores what a child's exit code means, unless the child stored the end of its run."""
        code = self._child.exit_code
        if code is None or code in {ExitCode.DONE, ExitCode.FENCED, ExitCode.HELD}:
            return
        if self._cancelled_at is not None:
            self._records.finish(StopReason.CANCELLED, None)
        elif self._paused_at is not None and code == ExitCode.PAUSED:
            self._records.release()
        elif code > 0:
            # a child stores errors of its run itself; this one came from outside and may not recur
            self._records.rescue(f"The training process ended with exit code {code}.")
        elif -code == signal.SIGKILL and count_oom_kills() > self._oom_kills:
            error = "The machine ran out of memory and killed the training process."
            self._records.finish(StopReason.OUT_OF_MEMORY, error)
        else:
            self._records.rescue(f"The training process was killed by {_signal_name(-code)}.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
