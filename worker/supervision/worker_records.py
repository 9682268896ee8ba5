"""What a worker writes of itself and for all runs: each call is one service in one transaction."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.domain.errors import Unavailable
from app.queue import RunQueue
from app.services.attempts.sweep_runs import sweep_runs
from app.services.fleet.record_worker_heartbeat import record_worker_heartbeat
from app.services.fleet.retire_worker import retire_worker
from app.services.telemetry.drop_old_telemetry import drop_old_telemetry
from app.store.database import unit_of_work

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class WorkerRecords:
    """The sweep's and the worker's own writes."""

    engine: Engine
    worker_id: UUID
    queue: RunQueue
    max_crashes: int
    #: The quota of a workspace that has none of its own.
    max_running_runs: int
    stalled_after_s: float
    #: None keeps all readings.
    retention_days: int | None

    def beat(self) -> bool:
        with unit_of_work(self.engine) as work:
            return record_worker_heartbeat(work, worker_id=self.worker_id)

    def sweep(self, *, num_bells: int, may_rescue: bool) -> None:
        with unit_of_work(self.engine) as work:
            sweep_runs(
                work,
                queue=self.queue,
                num_bells=num_bells,
                max_crashes=self.max_crashes if may_rescue else None,
                max_running_runs=self.max_running_runs,
                stalled_after_s=self.stalled_after_s,
            )

    def drop_old_telemetry(self) -> None:
        """One month at a time; where readers are in the way, later."""
        if self.retention_days is None:
            return
        month = None
        with suppress(Unavailable), unit_of_work(self.engine) as work:
            month = drop_old_telemetry(work, retention_days=self.retention_days)
        if month is not None:
            logger.info("The readings of the runs of %s are dropped.", f"{month:%Y-%m}")

    def retire(self) -> None:
        with unit_of_work(self.engine) as work:
            retire_worker(work, worker_id=self.worker_id)
