"""Real worker processes, and what can be seen of their runs in the database."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine, Row, text

from app.domain.runs import Run
from app.domain.specs.job import JobSpec
from app.processes import ChildProgram, start
from app.settings import Serving
from app.store.database import make_engine, unit_of_work
from app.store.runs import find_run, insert_run
from app.store.workspaces import insert_workspace
from app.supervision.programs import worker_program
from tests.processes import command_line, descendants

#: A worker that starts imports torch, maybe while others do on a machine with much else to do.
START_TIMEOUT_S = 120.0
#: Each look is often a query that takes the processor from what is waited for.
POLL_S = 0.05
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class WorkerProcess:
    """One Celery worker, started as `clinic serve` starts it."""

    child: ChildProgram

    @property
    def log(self) -> Path:
        return self.child.command.log

    @property
    def pid(self) -> int:
        return self.child.process.pid

    @property
    def said(self) -> str:
        return self.log.read_text()

    def forkserver(self) -> int:
        # beside it Celery's banner asks `uname` what the processor is, for a moment
        [pid] = (
            pid
            for pid in children_of(self.pid)
            if "worker.supervision.forkserver" in command_line(pid)
        )
        return pid

    def training(self) -> set[int]:
        """The processes that train, or list devices."""
        return children_of(self.forkserver())

    def tree(self) -> set[int]:
        return {self.pid, *descendants(self.pid)}

    @property
    def is_alive(self) -> bool:
        return self.child.is_alive

    @property
    def is_ready(self) -> bool:
        """It once said so."""
        return "Ready:" in self.said

    def end(self) -> None:
        """Without a word; its children end with it."""
        self.child.process.kill()
        self.child.process.wait()

    def send(self, number: signal.Signals) -> None:
        self.child.process.send_signal(number)


def children_of(pid: int) -> set[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    # children are listed under the thread that forked them: the main one, here
    return {int(child) for child in path.read_text().split()}


def environ_of(home: Path, database_url: str, broker_url: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLINIC")}
    return inherited | {
        "CLINIC_HOME": str(home),
        "CLINIC_SECRET": SECRET,
        "CLINIC_DATABASE_URL": database_url,
        "CLINIC_BROKER_URL": broker_url,
        "CLINIC_TIMING": "fast",
        "CLINIC_SLOTS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def start_worker(home: Path, database_url: str, broker_url: str, **changes: str) -> WorkerProcess:
    """A worker on the fast preset of timings, which is not ready yet; for the main thread."""
    surroundings = environ_of(home, database_url, broker_url) | changes
    slots = int(surroundings["CLINIC_SLOTS"])
    number = len(list((home / "logs").glob("worker-*.log")))
    serving = Serving(home=home, slots=slots)
    return WorkerProcess(child=start(worker_program(serving, number=number, environ=surroundings)))


def wait_until_ready(worker: WorkerProcess) -> None:
    wait_until(lambda: worker.is_ready or not worker.is_alive, log=worker.log)
    assert worker.is_alive, worker.said


def wait_until(
    is_met: Callable[[], bool], *, within_s: float = START_TIMEOUT_S, log: Path | None = None
) -> None:
    """Poll what has no signal to wait for."""
    deadline = time.monotonic() + within_s
    while not is_met():
        assert time.monotonic() < deadline, log.read_text() if log else "too late"
        time.sleep(POLL_S)


class Runs:
    """Submits runs and looks at them as the API would, with no API."""

    def __init__(self, database_url: str) -> None:
        self.engine: Engine = make_engine(database_url, pool_size=5)
        with unit_of_work(self.engine) as work:
            self.workspace_id = insert_workspace(work.session, name="tests").id

    def submit(self, spec: JobSpec) -> UUID:
        with unit_of_work(self.engine) as work:
            run = insert_run(
                work.session,
                workspace_id=self.workspace_id,
                spec=spec,
                name=spec.name,
                tags=spec.tags,
                notes=spec.notes,
            )
        return run.id

    def get(self, run_id: UUID) -> Run:
        with unit_of_work(self.engine) as work:
            return find_run(work.session, self.workspace_id, run_id)

    def wait_for_step(
        self, run_id: UUID, *, attempt: int = 1, within_s: float = START_TIMEOUT_S
    ) -> Run:
        """Until readings of this attempt are stored."""

        def is_there() -> bool:
            # steps alone do not tell: those of the checkpoint count from the claim on
            return max(self.attempts_with_readings(run_id), default=0) >= attempt

        try:
            wait_until(is_there, within_s=within_s)
        except AssertionError as late:
            late.add_note(f"no reading of {self.get(run_id)}")
            raise
        return self.get(run_id)

    def wait_for_end(self, run_id: UUID, *, within_s: float = START_TIMEOUT_S) -> Run:
        wait_until(lambda: self.get(run_id).status.has_ended, within_s=within_s)
        return self.get(run_id)

    def attempts_with_readings(self, run_id: UUID) -> set[int]:
        statement = "SELECT DISTINCT attempt FROM telemetry_chunks WHERE run_id = :run_id"
        return {row.attempt for row in self._rows(statement, run_id)}

    def steps(self, run_id: UUID) -> list[int]:
        """All recorded steps, duplicates included."""
        statement = (
            "SELECT unnest(steps) AS step FROM telemetry_chunks WHERE run_id = :run_id ORDER BY 1"
        )
        return [row.step for row in self._rows(statement, run_id)]

    def _rows(self, statement: str, run_id: UUID) -> list[Row[tuple[int]]]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), {"run_id": run_id}))
