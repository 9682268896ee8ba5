"""SIGKILL at random moments: of training processes, forkservers, workers and the API."""

import time
from random import Random

from tests.faults.clinic import Clinic
from tests.faults.random_kills import RandomKills
from tests.faults.results import Result
from tests.faults.work import Work

NUM_WORKERS = 2
#: Runs that wait or train at a time; more would only wait.
NUM_AT_A_TIME = 8
#: The API dies after about so many posts.
POSTS_PER_KILL = 20
LOOK_EVERY_S = 0.05


def kill_at_random(clinic: Clinic, random: Random, *, num_runs: int, num_kills: int) -> Result:
    """At least so many runs and SIGKILLs; each acknowledged run ends as an undisturbed one."""
    group = clinic.group
    group.of(NUM_WORKERS)
    clinic.open_api()
    work = Work(clinic)
    killing = RandomKills(clinic, random, longest_life_s=work.duration_s)

    def is_enough() -> bool:
        return work.num_runs >= num_runs and killing.num_kills >= num_kills

    while (num_unended := work.num_unended()) or not is_enough():
        group.keep(NUM_WORKERS)
        clinic.api.keep()
        if num_unended < NUM_AT_A_TIME and not is_enough():
            is_posted = work.post() is not None
            if is_posted and random.random() < 1 / POSTS_PER_KILL:
                killing.kill_api()
        killing.look()
        time.sleep(LOOK_EVERY_S)
    tally = work.judge()
    figures = {
        "SIGKILLs": killing.num_kills,
        **{f"of these, {victim}": number for victim, number in killing.kills.most_common()},
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)
