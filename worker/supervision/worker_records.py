"""What a worker writes about itself and about all runs, in short transactions."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.artifact_space import runs_that_fit
from app.domain.errors import ArtifactsUnavailable, Unavailable
from app.domain.quotas import Quotas
from app.queue import RunQueue
from app.services.accounts.drop_old_acts import ACTS_PER_BATCH, drop_old_acts
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.services.attempts.lift_holds import lift_holds
from app.services.attempts.read_holds import read_holds
from app.services.attempts.sweep_runs import sweep_runs
from app.services.diagnosis.judge_again import find_runs_to_judge_again, judge_again
from app.services.fleet.note_drain import note_drain
from app.services.fleet.record_worker_heartbeat import record_worker_heartbeat
from app.services.fleet.retire_worker import retire_worker
from app.services.telemetry.drop_old_telemetry import drop_old_telemetry
from app.services.telemetry.make_missing_windows import (
    find_missing_windows,
    store_missing_windows,
)
from app.store.database import unit_of_work
from worker.broker import MALFORMED, MalformedMessages
from worker.supervision.trial_records import TrialRecords

logger = logging.getLogger(__name__)

#: Time that one sweep spends at most on the windows of runs of an earlier release, and the time of
#: the part that it began.
MAKE_WINDOWS_S = 0.5
#: Batches of old records of the audit log that one sweep deletes at most.
MAX_BATCHES_OF_ACTS = 10


@dataclass(frozen=True, kw_only=True)
class WorkerRecords:
    """Writes of the sweep and of the worker itself. Each method may raise Unavailable."""

    engine: Engine
    worker_id: UUID
    queue: RunQueue
    artifacts: ArtifactFolder
    max_crashes: int
    #: Those of a workspace that has none of its own.
    quotas: Quotas
    trials: TrialRecords
    stalled_after_s: float
    #: None keeps all readings.
    retention_days: int | None
    #: Of the records of the audit log.
    audit_retention_days: int
    malformed: MalformedMessages = MALFORMED

    def record_heartbeat(self) -> bool:
        """Records that the worker lives; returns False when it must register again."""
        num_malformed = self.malformed.num_unrecorded
        with unit_of_work(self.engine) as work:
            is_known = record_worker_heartbeat(
                work, worker_id=self.worker_id, malformed_messages=num_malformed
            )
        self.malformed.note_recorded(num_malformed)
        return is_known

    def sweep(self, *, max_notifications: int, may_rescue: bool) -> tuple[AttemptEnd, ...]:
        """Sweeps all runs; `may_rescue` allows it to take runs from lost workers.

        Returns the ends of lost runs, which `finish` is to store.
        """
        with unit_of_work(self.engine) as work:
            ends = sweep_runs(
                work,
                queue=self.queue,
                max_notifications=max_notifications,
                max_crashes=self.max_crashes if may_rescue else None,
                max_running_runs=self.quotas.max_running_runs,
                stalled_after_s=self.stalled_after_s,
            )
        self._lift_holds()
        self.trials.start_wanted()
        self.trials.advance_all()
        return ends

    def _lift_holds(self) -> None:
        """Lets runs be claimed for which there is space; no transaction waits for the disk."""
        with unit_of_work(self.engine) as work:
            wanted = read_holds(work)
        if not wanted:
            return
        try:
            self.artifacts.check_writable()
            free_bytes = self.artifacts.free_bytes()
        except ArtifactsUnavailable:
            return
        run_ids = runs_that_fit(wanted, free_bytes=free_bytes)
        if run_ids:
            with unit_of_work(self.engine) as work:
                lift_holds(work, queue=self.queue, run_ids=run_ids)

    def finish(self, end: AttemptEnd) -> None:
        """Judges and ends a lost run. Raises Fenced when another process has done so."""
        finish_run(self.engine, end)

    def runs_to_judge_again(self) -> list[UUID]:
        """Returns the ended runs whose diagnosis lacks results of their experiments."""
        with unit_of_work(self.engine) as work:
            return find_runs_to_judge_again(work)

    def judge_again(self, run_id: UUID) -> None:
        judge_again(self.engine, run_id=run_id)

    def drop_old_telemetry(self) -> None:
        """Drops at most one month of readings; tries again at a later sweep when it is locked."""
        if self.retention_days is None:
            return
        month = None
        with suppress(Unavailable), unit_of_work(self.engine) as work:
            month = drop_old_telemetry(work, retention_days=self.retention_days)
        if month is not None:
            logger.info("The readings of the runs of %s are dropped.", f"{month:%Y-%m}")

    def drop_old_acts(self) -> None:
        """Deletes records of the audit log that are too old, each batch in its own transaction."""
        for _ in range(MAX_BATCHES_OF_ACTS):
            with unit_of_work(self.engine) as work:
                num_dropped = drop_old_acts(work, retention_days=self.audit_retention_days)
            if num_dropped < ACTS_PER_BATCH:
                return

    def make_missing_windows(self) -> None:
        """Makes windows of runs of an earlier release; computes them between two transactions."""
        deadline = time.monotonic() + MAKE_WINDOWS_S
        while time.monotonic() < deadline:
            with unit_of_work(self.engine) as work:
                part = find_missing_windows(work)
            if part is None:
                return
            rows = part.rows()
            with unit_of_work(self.engine) as work:
                store_missing_windows(work, part, rows)

    def note_drain(self) -> None:
        """Notes that this worker was told by a signal to claim nothing more."""
        with unit_of_work(self.engine) as work:
            note_drain(work, worker_id=self.worker_id)

    def retire(self) -> None:
        """Removes the worker from the list of living workers."""
        with unit_of_work(self.engine) as work:
            retire_worker(work, worker_id=self.worker_id)
