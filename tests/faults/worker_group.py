"""A group of real workers around one database, as large as each test wants it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from app.domain.errors import IllegalTransition
from app.domain.specs.job import JobSpec
from app.queue import RunQueue
from app.services.runs.cancel_run import cancel_run
from app.store.database import unit_of_work
from tests.workers import Runs, WorkerProcess, start_worker, wait_until_ready


@dataclass(kw_only=True)
class WorkerGroup:
    """Workers, and the way to give them work; booting one takes seconds, so they are kept."""

    home: Path
    database_url: str
    broker_url: str
    runs: Runs
    queue: RunQueue
    #: Further variables of all its workers.
    changes: Mapping[str, str] = field(default_factory=dict)
    _workers: list[WorkerProcess] = field(default_factory=list)
    _ready: set[int] = field(default_factory=set)
    _run_ids: list[UUID] = field(default_factory=list)

    def of(self, size: int) -> list[WorkerProcess]:
        """Exactly so many workers, all ready."""
        self._workers = [worker for worker in self._workers if worker.is_alive]
        while len(self._workers) > size:
            self._workers.pop().end()
        self.keep(size)
        for worker in self._workers:
            wait_until_ready(worker)
        return list(self._workers)

    def keep(self, size: int) -> None:
        """Start others for those that died, and wait for none."""
        self._workers = [worker for worker in self._workers if worker.is_alive]
        missing = size - len(self._workers)
        self._workers += [self.start() for _ in range(missing)]

    @property
    def ready(self) -> list[WorkerProcess]:
        """Those that can train; cheap enough to be asked all the time."""
        booting = [worker for worker in self._workers if worker.pid not in self._ready]
        self._ready |= {worker.pid for worker in booting if worker.is_ready}
        return [worker for worker in self._workers if worker.is_alive and worker.pid in self._ready]

    def is_training(self) -> bool:
        return any(worker.training() for worker in self.ready)

    def busiest(self) -> WorkerProcess:
        """The one that trains the most runs."""
        return max(self.ready, key=lambda worker: len(worker.training()))

    def start(self, **changes: str) -> WorkerProcess:
        """One more, which the caller ends; keyword arguments are further variables."""
        surroundings = {**self.changes, **changes}
        return start_worker(self.home, self.database_url, self.broker_url, **surroundings)

    def submit(self, spec: JobSpec) -> UUID:
        run_id = self.submit_silently(spec)
        self.queue.notify(run_id)
        return run_id

    def submit_silently(self, spec: JobSpec) -> UUID:
        run_id = self.runs.submit(spec)
        self._run_ids.append(run_id)
        return run_id

    def cancel(self, run_id: UUID) -> None:
        with unit_of_work(self.runs.engine) as work:
            cancel_run(work, workspace_id=self.runs.workspace_id, run_id=run_id)

    def clear(self) -> None:
        """End what a test has left running."""
        for run_id in self._run_ids:
            with suppress(IllegalTransition):
                self.cancel(run_id)
                if not self.runs.get(run_id).status.has_ended:
                    # a worker has to hear of it
                    self.of(max(1, sum(worker.is_alive for worker in self._workers)))
                    self.runs.wait_for_end(run_id)
        self._run_ids.clear()

    def dismiss(self) -> None:
        for worker in self._workers:
            worker.end()
