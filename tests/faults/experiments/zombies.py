"""SIGSTOP beyond the lease: whoever wakes up after another has the run writes nothing."""

import time
from dataclasses import dataclass
from random import Random
from uuid import UUID

from sqlalchemy import text

from tests.faults.clinic import Clinic
from tests.faults.results import Result, spread
from tests.faults.sleep import pause, resume
from tests.faults.work import LONG_SPECS, Work
from tests.processes import is_running
from tests.workers import WorkerProcess, wait_until

#: One that was stopped in the middle of a transaction holds its run until the database ends that.
RESCUE_S = 180.0
#: For a zombie that wakes up to learn that it is one, or for its worker to see to that.
FENCED_S = 90.0
HELD = """
    SELECT r.id, r.attempt FROM runs AS r JOIN workers AS w ON w.id = r.worker_id
    WHERE r.status = 'running' AND w.pid = :pid
"""


@dataclass(frozen=True, kw_only=True)
class Nap:
    """What one worker missed while all its processes were stopped."""

    #: Seconds from the stop until another attempt had a run; one a zombie.
    rescues_s: list[float]
    #: Zombies that went on although another attempt had their run.
    num_deathless: int


def wake_zombies(clinic: Clinic, random: Random, *, num_zombies: int) -> Result:
    """Stop all processes of a worker, have the other one take its runs over, wake it up."""
    clinic.group.of(2)
    work = Work(clinic, LONG_SPECS)
    rescues: list[float] = []
    num_deathless = 0
    while len(rescues) < num_zombies:
        nap = have_a_nap(clinic, random, work)
        rescues += nap.rescues_s
        num_deathless += nap.num_deathless
        work.wait_for_ends()
    tally = work.judge()
    if num_deathless:
        tally.complain(f"{num_deathless} zombies went on")
    figures = {
        "zombies": len(rescues),
        "zombies that went on": num_deathless,
        "s from SIGSTOP to the next claim": spread(rescues),
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)


def wake_unfenced_zombies(clinic: Clinic, random: Random, *, num_zombies: int) -> Result:
    """The same with no check of the attempt: the checker must see what it lets through."""
    found = wake_zombies(clinic, random, num_zombies=num_zombies)
    complaints = ["nobody has seen that the check of the attempt was gone"] if found.passed else []
    return Result(passed=not found.passed, figures=found.figures, complaints=complaints)


def have_a_nap(clinic: Clinic, random: Random, work: Work) -> Nap:
    """As many runs as one worker has slots; then the one that trains sleeps for too long."""
    clinic.group.of(2)
    for _ in range(int(clinic.group.changes.get("CLINIC_SLOTS", "1"))):
        work.submit()
    wait_until(clinic.group.is_training)
    time.sleep(random.uniform(0, work.duration_s))
    sleeper = clinic.group.busiest()
    tree = pause(sleeper.pid)
    try:
        slept_at, training = time.time(), sleeper.training()
        held = _held_by(clinic, sleeper)
        wait_until(lambda: not _still_held(clinic, held), within_s=RESCUE_S)
    finally:
        resume(tree)
    claims = [work.claimed_at(run_id, attempt + 1) for run_id, attempt in held.items()]
    rescues_s = [claimed_at - slept_at for claimed_at in claims if claimed_at is not None]
    deadline = time.monotonic() + FENCED_S
    while (alive := [pid for pid in training if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return Nap(rescues_s=rescues_s, num_deathless=len(alive))


def _held_by(clinic: Clinic, worker: WorkerProcess) -> dict[UUID, int]:
    with clinic.runs.engine.connect() as connection:
        found = connection.execute(text(HELD), {"pid": worker.pid})
        return {row.id: row.attempt for row in found}


def _still_held(clinic: Clinic, held: dict[UUID, int]) -> bool:
    runs = [(clinic.runs.get(run_id), attempt) for run_id, attempt in held.items()]
    return any(run.attempt == attempt and not run.status.has_ended for run, attempt in runs)
