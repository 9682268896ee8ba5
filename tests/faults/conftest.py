"""A crew of real workers around one database, as large as each test wants it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from app.domain.errors import IllegalTransition
from app.domain.specs.job import JobSpec
from app.embedded.home import make_home
from app.embedded.servers import Servers
from app.migration import migrate
from app.queue import RunQueue
from app.services.cancel_run import cancel_run
from app.store.database import unit_of_work
from tests.workers import Runs, WorkerProcess, start_worker, wait_until_ready


@dataclass(kw_only=True)
class Crew:
    """Workers, and the way to give them work; booting one takes seconds, so they are kept."""

    home: Path
    database_url: str
    broker_url: str
    runs: Runs
    queue: RunQueue
    _workers: list[WorkerProcess] = field(default_factory=list)
    _run_ids: list[UUID] = field(default_factory=list)

    def of(self, size: int) -> list[WorkerProcess]:
        """Exactly so many workers, all ready."""
        self._workers = [worker for worker in self._workers if worker.is_alive]
        while len(self._workers) > size:
            self._workers.pop().end()
        missing = size - len(self._workers)
        self._workers += [self.start() for _ in range(missing)]
        for worker in self._workers:
            wait_until_ready(worker)
        return list(self._workers)

    def start(self, **changes: str) -> WorkerProcess:
        """One more, which the caller ends; keyword arguments are further variables."""
        return start_worker(self.home, self.database_url, self.broker_url, **changes)

    def submit(self, spec: JobSpec) -> UUID:
        run_id = self.submit_silently(spec)
        self.queue.ring(run_id)
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
            try:
                self.cancel(run_id)
            except IllegalTransition:
                continue
            if not self.runs.get(run_id).status.has_ended:
                # a worker has to hear of it
                self.of(max(1, sum(worker.is_alive for worker in self._workers)))
                self.runs.wait_for_end(run_id)
        self._run_ids.clear()

    def dismiss(self) -> None:
        for worker in self._workers:
            worker.end()


@pytest.fixture(scope="session")
def whole_crew(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with ExitStack() as stack:
        url = stack.enter_context(_database(servers))
        migrate(url)
        # the part of the broker that no test empties
        broker_url = servers.broker.url.removesuffix("/0") + "/1"
        runs = Runs(url)
        stack.callback(runs.engine.dispose)
        queue = RunQueue(broker_url)
        stack.callback(queue.close)
        home = make_home(tmp_path_factory.mktemp("crew") / "home")
        made = Crew(home=home, database_url=url, broker_url=broker_url, runs=runs, queue=queue)
        stack.callback(made.dismiss)
        yield made


@pytest.fixture
def crew(whole_crew: Crew) -> Iterator[Crew]:
    yield whole_crew
    whole_crew.clear()


@contextmanager
def _database(servers: Servers) -> Iterator[str]:
    name = f"crew_{uuid4().hex}"
    admin = create_engine(servers.database.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield servers.database.url(name)
    admin.dispose()
