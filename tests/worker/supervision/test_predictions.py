"""A prediction is bounded in time, given back when its process dies, and stops when cancelled."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from app.domain.predictions import MAX_ATTEMPTS, Prediction, Source
from app.domain.runs import RunStatus
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from app.store.predictions import cancel_prediction, find_prediction, insert_prediction
from app.store.workspaces import insert_workspace
from tests.databases import Databases
from tests.store.builders import a_worker, queued_run
from worker.execution.commands import AnyCommand
from worker.supervision.children import Child
from worker.supervision.predictions import Predictions
from worker.supervision.stop_signal import StopSignal


@dataclass
class Sleepers:
    """A forkserver whose children do something else than what they are told."""

    program: tuple[str, ...] = ("sleep", "60")
    started: threading.Event = field(default_factory=threading.Event)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def spawn(self, _command: AnyCommand) -> Child:
        process = subprocess.Popen(self.program)
        own, childs = socket.socketpair()
        status_read, status_write = os.pipe()
        os.write(status_write, b"%d\n" % process.pid)

        def report() -> None:
            os.write(status_write, b"%d\n" % process.wait())
            os.close(status_write)
            childs.close()

        threading.Thread(target=report).start()
        self.processes.append(process)
        self.started.set()
        return Child(control=own, status_fd=status_read)


@dataclass
class Place:
    """The place for predictions of a worker, on a database of its own."""

    engine: Engine
    settings: Settings
    stop: StopSignal = field(default_factory=StopSignal)
    sleepers: Sleepers = field(default_factory=Sleepers)

    def __post_init__(self) -> None:
        with unit_of_work(self.engine) as work:
            self.workspace_id = insert_workspace(work.session, name="mine").id
            self.worker_id = a_worker(work.session)
            self.prediction_id = insert_prediction(
                work.session,
                workspace_id=self.workspace_id,
                run_id=queued_run(work.session, self.workspace_id).id,
                weights="final",
                source=Source(kind="csv"),
            ).id

    def compute(self, **bounds: Any) -> bool:
        made = Predictions(
            self.settings,
            self.engine,
            self.sleepers,  # type: ignore[arg-type] # as much of it as is used
            worker_id=self.worker_id,
            may_claim=lambda: True,
            stop=self.stop,
            **bounds,
        )
        return made.compute_next()

    def found(self) -> Prediction:
        with unit_of_work(self.engine) as work:
            return find_prediction(work.session, self.workspace_id, self.prediction_id)


@pytest.fixture
def place(databases: Databases, tmp_path: Path) -> Iterator[Place]:
    settings = Settings(
        home=tmp_path,
        secret="0123456789abcdef0123456789abcdef",
        database_url=databases.migrated(),
        broker_url="redis://localhost:1",
        heartbeat_s=0.05,
        lease_s=5,
    )
    engine = make_engine(settings.database_url)
    yield Place(engine, settings)
    engine.dispose()


def test_one_that_takes_too_long_fails_and_its_process_is_killed(place: Place) -> None:
    place.compute(max_seconds=0.2)

    failure = place.found().failure
    assert failure is not None
    assert failure.code == "too_large"
    assert place.sleepers.processes[0].wait(5) == -9


def test_a_process_that_dies_is_replaced_until_that_was_tried_enough(place: Place) -> None:
    place.sleepers.program = ("false",)

    statuses = []
    for _ in range(MAX_ATTEMPTS):
        assert place.compute()
        statuses.append(place.found().status)

    assert statuses == [*[RunStatus.QUEUED] * (MAX_ATTEMPTS - 1), RunStatus.FAILED]
    assert not place.compute()


def test_a_worker_that_stops_gives_it_back_uncharged(place: Place) -> None:
    place.stop.set()

    place.compute()

    found = place.found()
    assert (found.status, found.attempt) == (RunStatus.QUEUED, 1)
    assert place.sleepers.processes[0].wait(5) == -9


def test_a_cancelled_one_is_stopped(place: Place) -> None:
    computing = threading.Thread(target=place.compute)
    computing.start()
    assert place.sleepers.started.wait(10)

    with unit_of_work(place.engine) as work:
        cancel_prediction(work.session, place.workspace_id, place.prediction_id)

    computing.join(10)
    assert not computing.is_alive()
    assert place.sleepers.processes[0].wait(5) == -9
    assert place.found().status is RunStatus.CANCELLED
