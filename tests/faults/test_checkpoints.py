"""A run whose processes die again and again is, in the end, the run that was left in peace."""

import hashlib
import os
import secrets
import signal
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text

from app.artifacts import ArtifactFolder
from app.domain.checkpoints import CheckpointRecord
from app.domain.events import Event, EventKind
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.store.checkpoints import checkpoints_of
from app.store.database import unit_of_work
from app.store.events import events_after
from tests.faults.crew import Crew
from tests.faults.site import Site
from tests.processes import wait_until_dead
from tests.worker.supervision.runs import make_spec
from tests.workers import WorkerProcess, wait_until, wait_until_ready
from worker.training.checkpoint import unpack

NUM_STEPS = 500
ADAM = {"kind": "adam"}
MOMENTUM = {"kind": "sgd", "momentum": 0.9, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def worker(whole_site: Site) -> Iterator[WorkerProcess]:
    """The only one, which saves many times a second."""
    whole_site.crew.of(0)
    started = whole_site.crew.start(CLINIC_CHECKPOINT_EVERY_S="0.05")
    wait_until_ready(started)
    yield started
    started.end()


def spec_of(kind: str, optimizer: object = ADAM, num_steps: int = NUM_STEPS) -> JobSpec:
    return make_spec(
        model={"kind": kind, "hidden_size": 8, "num_layers": 2, "dropout": 0.3},
        optimizer=optimizer,
        training={"num_steps": num_steps, "batch_size": 4, "evaluate_every": 100},
        probes={"tier": "economy", "every": 200},
    )


def test_a_worker_that_is_told_to_stop_leaves_a_checkpoint(crew: Crew) -> None:
    [worker] = crew.of(1)
    # it ends long before the first minute, when a checkpoint would be due
    run_id = crew.submit(spec_of("gru", num_steps=1_000_000))
    wait_until(lambda: crew.runs.get(run_id).progress_step > 50)

    worker.send(signal.SIGTERM)
    wait_until(lambda: not worker.is_alive, within_s=15)

    [checkpoint] = checkpoints(crew, run_id)
    run = crew.runs.get(run_id)
    assert (run.progress_step, run.crash_count) == (checkpoint.step, 0)
    crew.of(1)
    wait_until(lambda: bool(continued_from(crew, run_id)))
    assert continued_from(crew, run_id) == [checkpoint.step]


@pytest.mark.parametrize(
    ("kind", "optimizer"), [("elman", MOMENTUM), ("gru", ADAM), ("lstm", ADAM)]
)
def test_a_run_that_is_killed_at_random_ends_as_the_one_that_is_not(
    crew: Crew, worker: WorkerProcess, kind: str, optimizer: object
) -> None:
    spec = spec_of(kind, optimizer)
    undisturbed = crew.submit(spec)
    assert crew.runs.wait_for_end(undisturbed).stop_reason is StopReason.COMPLETED
    seed = secrets.randbits(32)
    chosen = np.random.default_rng(seed).choice(range(50, NUM_STEPS - 100), 2, replace=False)
    steps = sorted(int(step) for step in chosen)

    killed = crew.submit(spec)
    for attempt, step in enumerate(steps, start=1):
        kill_at(crew, worker, killed, attempt=attempt, step=step)

    run = crew.runs.wait_for_end(killed)
    assert (run.stop_reason, run.attempt) == (StopReason.COMPLETED, 3), run.error
    assert run.is_continued_bitwise
    assert crew.runs.steps(killed) == list(range(NUM_STEPS)), f"seed {seed}"
    assert final_weights(crew, killed) == final_weights(crew, undisturbed), f"seed {seed}"
    assert rows(crew, killed) == rows(crew, undisturbed)


def test_a_damaged_checkpoint_is_told_and_the_one_before_it_serves(
    crew: Crew, worker: WorkerProcess
) -> None:
    spec = spec_of("elman")
    run_id = crew.submit(spec)
    wait_until(lambda: len(checkpoints(crew, run_id)) == 2)
    [training] = worker.training()
    worker.send(signal.SIGSTOP)
    os.kill(training, signal.SIGKILL)
    last, before = checkpoints(crew, run_id)
    path = crew.home / "artifacts" / str(run_id) / last.name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    worker.send(signal.SIGCONT)

    run = crew.runs.wait_for_end(run_id)

    assert run.stop_reason is StopReason.COMPLETED, run.error
    told = {event.kind: event.data for event in log(crew, run_id)}
    assert told[EventKind.REWOUND]["reason"] == "checkpoint_damaged"
    assert told[EventKind.CONTINUED]["from_step"] == before.step
    assert crew.runs.steps(run_id) == list(range(NUM_STEPS))


def continued_from(crew: Crew, run_id: UUID) -> list[object]:
    found = [event for event in log(crew, run_id) if event.kind is EventKind.CONTINUED]
    return [event.data["from_step"] for event in found]


def kill_at(crew: Crew, worker: WorkerProcess, run_id: UUID, *, attempt: int, step: int) -> None:
    def is_there() -> bool:
        run = crew.runs.get(run_id)
        latest = max((c.step for c in checkpoints(crew, run_id)), default=0)
        return run.attempt >= attempt and run.progress_step >= step and latest > 0

    wait_until(is_there)
    [training] = worker.training()
    os.kill(training, signal.SIGKILL)
    wait_until_dead(training, within_s=10)


def checkpoints(crew: Crew, run_id: UUID) -> list[CheckpointRecord]:
    with unit_of_work(crew.runs.engine) as work:
        return checkpoints_of(work.session, run_id)


def log(crew: Crew, run_id: UUID) -> list[Event]:
    with unit_of_work(crew.runs.engine) as work:
        return events_after(work.session, run_id, 0, 10_000)


def final_weights(crew: Crew, run_id: UUID) -> str:
    record = checkpoints(crew, run_id)[0]
    content = ArtifactFolder(root=crew.home / "artifacts").read(run_id, record.name)
    sha = hashlib.sha256()
    for name, weight in sorted(unpack(content).part("weights").items()):
        sha.update(name.encode() + weight.numpy().tobytes())
    return sha.hexdigest()


def rows(crew: Crew, run_id: UUID) -> list[tuple[object, ...]]:
    """Every reading but those of wall time."""
    statement = """
        SELECT 'step', step::text, NULL, NULL,
               concat_ws('/', loss, grad_norm, clip_coefficient, update_ratio, learning_rate,
                         non_finite_count)
        FROM telemetry WHERE run_id = :run_id
        UNION ALL
        SELECT 'tensor', step::text, tensor, NULL,
               concat_ws('/', grad_norm, weight_norm, update_ratio, zero_fraction)
        FROM tensor_telemetry WHERE run_id = :run_id
        UNION ALL
        SELECT 'probe', step::text, scope, path, log_norm::text FROM probe_readings
        WHERE run_id = :run_id
        UNION ALL
        SELECT 'reading', step::text, scope, quantity, value::text FROM scalar_readings
        WHERE run_id = :run_id AND quantity NOT IN ('probe_seconds', 'probe_share')
        ORDER BY 1, 2, 3, 4
    """
    with crew.runs.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), {"run_id": run_id})]
