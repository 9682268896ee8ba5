"""What the worker process writes of runs: each write is one service in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.domain.diagnosis.engine import diagnose
from app.domain.runs import Run, StopReason
from app.services.attempts.claim_run import claim_run
from app.services.attempts.finish_run import finish_run
from app.services.attempts.release_run import release_run
from app.services.attempts.renew_lease import renew_lease
from app.services.attempts.rescue_run import rescue_run
from app.services.diagnosis.read_case import read_case
from app.services.diagnosis.store_diagnosis import store_diagnosis
from app.store.database import unit_of_work


@dataclass(frozen=True, kw_only=True)
class RunRecords:
    """Writes of one run under one attempt."""

    engine: Engine
    run_id: UUID
    attempt: int
    lease_s: float
    max_crashes: int

    def beat(self, *, waits_for_database: bool) -> bool:
        with unit_of_work(self.engine) as work:
            beat = renew_lease(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                lease_s=self.lease_s,
                waits_for_database=waits_for_database,
            )
        return beat.cancel_requested

    def finish(self, stop_reason: StopReason, error: str | None) -> None:
        with unit_of_work(self.engine) as work:
            finish_run(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                stop_reason=stop_reason,
                error=error,
            )

    def give_back(self) -> None:
        with unit_of_work(self.engine) as work:
            release_run(work, run_id=self.run_id, attempt=self.attempt)

    def lose(self, error: str) -> None:
        with unit_of_work(self.engine) as work:
            rescue_run(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                error=error,
                max_crashes=self.max_crashes,
            )

    def diagnose(self) -> None:
        """Judges between two transactions, so that no reading waits for a judgement."""
        with unit_of_work(self.engine, snapshot=True) as work:
            case = read_case(work, run_id=self.run_id, attempt=self.attempt)
        diagnosis = diagnose(case)
        with unit_of_work(self.engine) as work:
            store_diagnosis(work, run_id=self.run_id, attempt=self.attempt, diagnosis=diagnosis)


def claim(
    engine: Engine,
    *,
    worker_id: UUID,
    devices: Sequence[str],
    lease_s: float,
    max_running_runs: int,
) -> Run | None:
    """The next queued run for these devices, now this worker's; None when there is none."""
    with unit_of_work(engine) as work:
        return claim_run(
            work,
            worker_id=worker_id,
            devices=devices,
            lease_s=lease_s,
            max_running_runs=max_running_runs,
        )
