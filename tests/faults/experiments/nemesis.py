"""Everything at once, at random: workers, API, broker, database and the TCP between them."""

import time
from random import Random

from sqlalchemy.exc import DBAPIError

from tests.faults.clinic import Clinic
from tests.faults.nemesis import Nemesis
from tests.faults.results import Result
from tests.faults.work import Work

NUM_WORKERS = 2
NUM_AT_A_TIME = 6
MEAN_PAUSE_S = 2.0
LOOK_EVERY_S = 0.05


def break_everything(clinic: Clinic, random: Random, *, num_runs: int, num_faults: int) -> Result:
    """At least so many runs and faults; each acknowledged run ends as an undisturbed one."""
    clinic.group.of(NUM_WORKERS)
    clinic.open_api()
    work, nemesis = Work(clinic), Nemesis(clinic, random)
    num_unended, strike_at_s = 0, time.monotonic()

    def is_enough() -> bool:
        return work.num_runs >= num_runs and nemesis.faults.total() >= num_faults

    while not is_enough() or num_unended:
        clinic.group.keep(NUM_WORKERS)
        clinic.api.keep()
        if is_enough():
            nemesis.make_peace()
        elif time.monotonic() >= strike_at_s:
            nemesis.strike()
            strike_at_s = time.monotonic() + random.expovariate(1 / MEAN_PAUSE_S)
        nemesis.tend()
        if num_unended < NUM_AT_A_TIME and not is_enough():
            work.post()
        try:
            num_unended = work.num_unended()
        except DBAPIError:
            num_unended = 1  # nobody knows: the database is away
        time.sleep(LOOK_EVERY_S)
    tally = work.judge()
    figures = {
        "faults": nemesis.faults.total(),
        **{f"of these, {name}": number for name, number in nemesis.faults.most_common()},
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)
