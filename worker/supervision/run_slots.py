"""The slots of a worker process: claims queued runs and trains several at the same time.

Beside the slots there is place for one quick preflight; see `quick_preflights`.

Two callers start runs: the Celery task, on a notification, and the sweep, for notifications that
were lost. Both take a slot, claim the next queued run, and claim further runs until there is none.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from uuid import UUID

from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.errors import Fenced, Unavailable
from app.domain.preflight import with_shorter_time_limit
from app.domain.runs import Run
from app.queue import RunQueue
from app.settings import Settings
from worker.execution.commands import TrainCommand
from worker.supervision.children import ForkServer
from worker.supervision.diagnoses import Diagnoses
from worker.supervision.placement import place
from worker.supervision.registration import Registration
from worker.supervision.run_records import RunRecords, claim, claim_quick
from worker.supervision.stop_signal import StopSignal
from worker.supervision.supervise import Policy, Supervisor
from worker.supervision.trial_records import TrialRecords
from worker.supervision.wake_signal import WakeSignal

logger = logging.getLogger(__name__)

#: A preflight whose time is over gets this long for its last step and probe before it is killed.
LAST_PROBE_S = 30.0
#: A preflight that is to stop is killed after this time: it has no checkpoint to save.
PREFLIGHT_GRACE_S = 1.0
#: Time limit of a quick preflight, which takes a few seconds on a busy machine.
QUICK_TIME_LIMIT_S = 60.0


class RunSlots:
    """Trains at most `slots` runs at the same time."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        forkserver: ForkServer,
        registration: Registration,
        stop: StopSignal,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._forkserver = forkserver
        self._registration = registration
        self._stop = stop
        #: Set by a signal; nothing is claimed until the database has it too, which then decides.
        self.is_draining = False
        self._free_slots: SimpleQueue[int] = SimpleQueue()
        for slot in range(registration.slots):
            self._free_slots.put(slot)
        # at most half of the slots, rounded up, so that preflights leave some for runs
        self._preflights = threading.Semaphore((registration.slots + 1) // 2)
        self._quick_preflight = threading.Lock()
        self._diagnoses = Diagnoses()
        # one for each slot, and one for the quick preflight
        self._wake_signals = [WakeSignal() for _ in range(registration.slots + 1)]
        #: The slots of the runs that train here.
        self._slot_of: dict[UUID, int] = {}
        self.trials = TrialRecords(
            engine=engine,
            queue=RunQueue(settings.broker_url),
            quotas=settings.quotas,
            time_limits=settings.time_limits,
            on_stop=self._wake,
        )
        self._artifacts = ArtifactFolder(root=settings.artifact_root)
        self._policy = Policy(
            heartbeat_s=settings.heartbeat_s, diagnose_every_s=settings.diagnose_every_s
        )

    def __str__(self) -> str:
        return f"{self._registration.slots} slots on {', '.join(self._registration.devices)}"

    @property
    def num_free_slots(self) -> int:
        return self._free_slots.qsize()

    @property
    def is_idle(self) -> bool:
        is_trying = self._quick_preflight.locked()
        return not is_trying and self.num_free_slots == self._registration.slots

    @property
    def has_place_for_preflights(self) -> bool:
        """Whether a preflight could start in a slot now."""
        has_place = self.num_free_slots > 0 and self._preflights.acquire(blocking=False)
        if has_place:
            self._preflights.release()
        return has_place

    @property
    def can_train(self) -> bool:
        return self._forkserver.is_alive

    def train_queued(self) -> int:
        """Trains queued runs one after another until there is none; returns their number."""
        slot = self._take_slot()
        if slot is None:
            return 0
        run = self._claim()
        if run is None:
            self._free_slots.put(slot)
            return 0
        return self._train_from(run, slot)

    def start_queued(self) -> bool:
        """Claims a queued run and trains it, and the next ones, in a new thread.

        Returns False when no run is queued or no slot is free.
        """
        slot = self._take_slot()
        if slot is None:
            return False
        run = self._claim()
        if run is None:
            self._free_slots.put(slot)
            return False
        threading.Thread(target=self._train_from, args=(run, slot), name=f"slot-{slot}").start()
        return True

    def start_quick_preflight(self) -> bool:
        """Claims a quick preflight and tries it in a new thread, beside the slots.

        Returns False when none is queued, or while another one is tried.
        """
        if not self.can_claim or not self._quick_preflight.acquire(blocking=False):
            return False
        run = None
        try:
            run = claim_quick(
                self._engine,
                worker_id=self._registration.worker_id,
                devices=self._registration.devices,
                lease_s=self._settings.lease_s,
            )
        except Unavailable as error:
            logger.warning("No preflight can be claimed: %s", error.detail)
        finally:
            if run is None:
                self._quick_preflight.release()
        if run is None:
            return False
        threading.Thread(target=self._try_quickly, args=(run,), name="quick-preflight").start()
        return True

    def submit_diagnosis(self, diagnose: Callable[[], None]) -> Future[None]:
        """Diagnoses a run in another thread, after the diagnoses that were submitted before."""
        return self._diagnoses.submit(diagnose)

    def close(self) -> None:
        """Ends the forkserver and closes the connections, once the runs are released."""
        self._diagnoses.close()
        self._forkserver.stop()
        self._engine.dispose()

    def _train_from(self, first: Run, slot: int) -> int:
        num_trained = 0
        run: Run | None = first
        try:
            while run is not None:
                self._train(run, slot)
                num_trained += 1
                self._advance_trial_of(run)
                run = self._claim()
        finally:
            self._free_slots.put(slot)
        return num_trained

    def _advance_trial_of(self, run: Run) -> None:
        """Queues the next runs of its trial before this slot claims another run."""
        if run.purpose is None:
            return
        try:
            self.trials.advance_after(run.id)
        except Unavailable as error:
            logger.warning("The trial of run %s waits for a sweep: %s", run.id, error.detail)

    def _wake(self, run_ids: Sequence[UUID]) -> None:
        """Lets supervisors learn at once that their runs are to stop."""
        for run_id in run_ids:
            slot = self._slot_of.get(run_id)
            if slot is not None:
                # too late, it makes the next run of the slot renew its lease earlier
                self._wake_signals[slot].set()

    def _take_slot(self) -> int | None:
        try:
            return self._free_slots.get_nowait()
        except Empty:
            return None

    @property
    def can_claim(self) -> bool:
        """Whether this worker takes work at all."""
        return not self._stop.is_set() and not self.is_draining and self.can_train

    def _claim(self) -> Run | None:
        """Claims the next run; a preflight keeps its place in `_preflights` until it has ended."""
        if not self.can_claim:
            return None
        has_place = self._preflights.acquire(blocking=False)
        run = None
        try:
            run = claim(
                self._engine,
                worker_id=self._registration.worker_id,
                devices=self._registration.devices,
                lease_s=self._settings.lease_s,
                max_running_runs=self._settings.quotas.max_running_runs,
                with_preflights=has_place,
            )
        except Unavailable as error:
            logger.warning("Nothing can be claimed: %s", error.detail)
        finally:
            if has_place and (run is None or run.preflight_steps is None):
                self._preflights.release()
        return run

    def _train(self, run: Run, slot: int) -> None:
        limit_s = None if run.preflight_steps is None else self._settings.preflight_time_limit_s
        try:
            self._train_claimed(run, slot, limit_s=limit_s)
        finally:
            if run.preflight_steps is not None:
                self._preflights.release()

    def _try_quickly(self, run: Run) -> None:
        limit_s = min(QUICK_TIME_LIMIT_S, self._settings.preflight_time_limit_s)
        try:
            self._train_claimed(run, self._registration.slots, limit_s=limit_s)
        finally:
            self._quick_preflight.release()

    def _train_claimed(self, run: Run, slot: int, *, limit_s: float | None) -> None:
        """Trains the run in a child; `limit_s` is the time limit of a preflight."""
        records = RunRecords(
            engine=self._engine,
            run_id=run.id,
            attempt=run.attempt,
            lease_s=self._settings.lease_s,
            max_crashes=self._settings.max_crashes,
            may_stop=run.preflight_steps is None,
        )
        command = TrainCommand(
            run_id=run.id,
            workspace_id=run.workspace_id,
            attempt=run.attempt,
            spec=run.spec if limit_s is None else with_shorter_time_limit(run.spec, limit_s),
            device=place(run.spec.training.device, self._registration.devices, slot=slot),
            preflight_steps=run.preflight_steps,
        )
        logger.info("Run %s attempt %d trains on %s.", run.id, run.attempt, command.device)
        try:
            child = self._forkserver.spawn(command)
        except Unavailable:
            logger.exception("Run %s could not be started.", run.id)
            with suppress(Fenced, Unavailable):
                records.release()
            return
        self._slot_of[run.id] = slot
        Supervisor(
            run,
            child,
            records=records,
            stop=self._stop,
            wake=self._wake_signals[slot],
            policy=self._policy_within(limit_s),
            submit=self.submit_diagnosis,
        ).watch()
        del self._slot_of[run.id]
        self._artifacts.remove_unfinished(run.id, up_to_attempt=run.attempt)
        logger.info("Run %s attempt %d has left this worker.", run.id, run.attempt)

    def _policy_within(self, limit_s: float | None) -> Policy:
        if limit_s is None:
            return self._policy
        return replace(
            self._policy,
            time_limit_s=limit_s + LAST_PROBE_S,
            cancel_grace_s=PREFLIGHT_GRACE_S,
        )
