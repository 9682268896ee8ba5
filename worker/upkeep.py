"""What a worker writes of itself and for all runs: each call is one service in one transaction."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.queue import RunQueue
from app.services.beat_worker import beat_worker
from app.services.retire_worker import retire_worker
from app.services.sweep_runs import sweep_runs
from app.store.database import unit_of_work


@dataclass(frozen=True, kw_only=True)
class WorkerUpkeep:
    """The sweep's and the worker's own writes."""

    engine: Engine
    worker_id: UUID
    queue: RunQueue
    max_crashes: int
    #: The quota of a workspace that has none of its own.
    max_running_runs: int

    def beat(self) -> bool:
        with unit_of_work(self.engine) as work:
            return beat_worker(work, worker_id=self.worker_id)

    def sweep(self, *, num_bells: int, may_rescue: bool) -> None:
        with unit_of_work(self.engine) as work:
            sweep_runs(
                work,
                queue=self.queue,
                num_bells=num_bells,
                max_crashes=self.max_crashes if may_rescue else None,
                max_running_runs=self.max_running_runs,
            )

    def retire(self) -> None:
        with unit_of_work(self.engine) as work:
            retire_worker(work, worker_id=self.worker_id)
