"""How long a run is nobody's after its worker was killed."""

import signal
import time
from random import Random

from tests.faults.clinic import Clinic
from tests.faults.results import Result, quantile, spread
from tests.faults.work import Work, small_spec
from tests.workers import wait_until

SPEC = small_spec(training={"num_steps": 400, "batch_size": 4, "evaluate_every": 100})


def time_rescues(clinic: Clinic, random: Random, *, num_kills: int, within_s: float) -> Result:
    """Kill the worker that trains, see when the other one has claimed its run."""
    clinic.group.of(2)
    work = Work(clinic, [SPEC])
    waits: list[float] = []
    while len(waits) < num_kills:
        clinic.group.of(2)
        run_id = work.submit()
        wait_until(clinic.group.is_training)
        time.sleep(random.uniform(0, work.duration_s / 2))
        clinic.group.busiest().send(signal.SIGKILL)
        killed_at, attempt = time.time(), clinic.runs.get(run_id).attempt
        work.wait_for_ends()
        claimed_at = work.claimed_at(run_id, attempt + 1)
        if claimed_at is not None:
            waits.append(claimed_at - killed_at)
    tally = work.judge()
    if quantile(waits, 0.99) > within_s:
        tally.complain(f"p99 is not within {within_s:g} s")
    figures = {
        "workers killed": len(waits),
        "s from SIGKILL to the next claim": spread(waits),
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)
