"""What the worker process writes about runs; no transaction is open while a run is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.domain.diagnosis.engine import diagnose
from app.domain.runs import Run, StopReason
from app.services.attempts.claim_quick_preflight import claim_quick_preflight
from app.services.attempts.claim_run import claim_run
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.services.attempts.release_run import release_run
from app.services.attempts.renew_lease import renew_lease
from app.services.attempts.rescue_run import rescue_run
from app.services.attempts.take_back_run import take_back_run
from app.services.diagnosis.read_case import read_case
from app.services.diagnosis.store_diagnosis import store_diagnosis
from app.store.claims import Heartbeat
from app.store.database import unit_of_work


@dataclass(frozen=True, kw_only=True)
class RunRecords:
    """Writes about one run for one attempt. Each method may raise Fenced and Unavailable."""

    engine: Engine
    run_id: UUID
    attempt: int
    lease_s: float
    max_crashes: int
    #: False for a preflight, which no finding stops.
    may_stop: bool = True

    def renew_lease(self, *, waits_for_database: bool) -> Heartbeat:
        """Renews the lease; returns whether the run is to be cancelled or paused."""
        with unit_of_work(self.engine) as work:
            return renew_lease(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                lease_s=self.lease_s,
                waits_for_database=waits_for_database,
            )

    def finish(self, stop_reason: StopReason, error: str | None) -> None:
        """Ends the run."""
        with unit_of_work(self.engine) as work:
            end = take_back_run(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                stop_reason=stop_reason,
                error=error,
            )
        finish_run(self.engine, end)

    def release(self) -> None:
        """Queues the run again without counting a crash."""
        with unit_of_work(self.engine) as work:
            end = release_run(work, run_id=self.run_id, attempt=self.attempt)
        self._finish(end)

    def rescue(self, error: str) -> None:
        """Queues the run again and counts a crash, or fails it after `max_crashes`."""
        with unit_of_work(self.engine) as work:
            end = rescue_run(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                error=error,
                max_crashes=self.max_crashes,
            )
        self._finish(end)

    def diagnose(self) -> bool:
        """Diagnoses the run; returns whether a critical finding is to stop it.

        It computes between two transactions, so that no reading waits for the diagnosis.
        """
        with unit_of_work(self.engine, snapshot=True) as work:
            case = read_case(work, run_id=self.run_id, attempt=self.attempt)
        diagnosis = diagnose(case)
        with unit_of_work(self.engine) as work:
            return store_diagnosis(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                diagnosis=diagnosis,
                stops_if_critical=self.may_stop and case.spec.training.on_finding.stops,
            )

    def _finish(self, end: AttemptEnd | None) -> None:
        if end is not None:
            finish_run(self.engine, end)


def claim(
    engine: Engine,
    *,
    worker_id: UUID,
    devices: Sequence[str],
    lease_s: float,
    max_running_runs: int,
    with_preflights: bool = True,
) -> Run | None:
    """Claims the next queued run for these devices; returns None without one.

    Without `with_preflights`, only runs are claimed.
    Raises Unavailable when the database does not answer.
    """
    with unit_of_work(engine) as work:
        return claim_run(
            work,
            worker_id=worker_id,
            devices=devices,
            lease_s=lease_s,
            max_running_runs=max_running_runs,
            with_preflights=with_preflights,
        )


def claim_quick(
    engine: Engine, *, worker_id: UUID, devices: Sequence[str], lease_s: float
) -> Run | None:
    """Claims the next quick preflight for these devices; returns None without one.

    Raises Unavailable when the database does not answer.
    """
    with unit_of_work(engine) as work:
        return claim_quick_preflight(work, worker_id=worker_id, devices=devices, lease_s=lease_s)
