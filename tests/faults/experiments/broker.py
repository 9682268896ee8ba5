"""The broker is killed and comes back empty, forgets everything, or falls silent."""

import time
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from tests.faults.clinic import Clinic
from tests.faults.results import Result, spread
from tests.faults.work import LONGEST_RUN_S, Work
from tests.workers import wait_until

#: What the API promises, whatever the broker does.
POST_WITHIN_S = 1.0
#: Runs posted around one fault, the last of them after it.
POSTS_PER_FAULT = 3


@dataclass(kw_only=True)
class Waits:
    """Seconds, one for each run that was posted."""

    #: Until the answer, while the broker was in trouble, and after that.
    posts_in_trouble: list[float] = field(default_factory=list)
    posts_afterwards: list[float] = field(default_factory=list)
    #: From the answer to the claim, likewise.
    starts_in_trouble: list[float] = field(default_factory=list)
    starts_afterwards: list[float] = field(default_factory=list)


class Broker:
    """One experiment: runs are posted before, during and after each fault."""

    def __init__(self, clinic: Clinic, *, silence_s: float) -> None:
        self._clinic, self._silence_s = clinic, silence_s
        clinic.group.of(2)
        clinic.open_api()
        self.work, self.waits = Work(clinic), Waits()

    def kill(self) -> None:
        self._clinic.stop_broker()
        self._post_in_trouble(POSTS_PER_FAULT - 1)
        self._clinic.start_broker()
        self._recover()

    def flush(self) -> None:
        self._post_in_trouble(POSTS_PER_FAULT - 1)
        self._clinic.flush_broker()
        self._recover()

    def fall_silent(self) -> None:
        self._clinic.to_broker.be_silent()
        healed_at = time.monotonic() + self._silence_s
        self._post_in_trouble(POSTS_PER_FAULT - 1)
        self.work.wait_for_ends()
        time.sleep(max(0.0, healed_at - time.monotonic()))
        self._clinic.to_broker.speak()
        self._recover()

    def _post_in_trouble(self, number: int) -> None:
        for _ in range(number):
            self.waits.starts_in_trouble.append(self._post(self.waits.posts_in_trouble))

    def _recover(self) -> None:
        self.waits.starts_afterwards.append(self._post(self.waits.posts_afterwards))
        self.work.wait_for_ends()

    def _post(self, posts: list[float]) -> float:
        """Post one run and wait for its claim: seconds from the answer to it."""
        began = time.monotonic()
        run_id = self.work.post()
        answered = time.monotonic()
        posts.append(answered - began)
        assert run_id is not None, "a run was refused"
        wait_until(lambda: self._is_claimed(run_id), within_s=LONGEST_RUN_S)
        return time.monotonic() - answered

    def _is_claimed(self, run_id: UUID) -> bool:
        return self._clinic.runs.get(run_id).attempt > 0


def lose_the_broker(
    clinic: Clinic,
    random: Random,
    *,
    num_kills: int,
    num_flushes: int,
    num_silences: int,
    silence_s: float,
) -> Result:
    """Every acknowledged run is trained, and no post waits for a broker."""
    broker = Broker(clinic, silence_s=silence_s)
    faults = [
        *[broker.kill] * num_kills,
        *[broker.flush] * num_flushes,
        *[broker.fall_silent] * num_silences,
    ]
    random.shuffle(faults)
    for fault in faults:
        fault()
    tally, waits = broker.work.judge(), broker.waits
    if (slowest := max(waits.posts_in_trouble)) > POST_WITHIN_S:
        tally.complain(f"a post took {slowest:.2f} s")
    figures = {
        "kills of the broker": num_kills,
        "FLUSHALL": num_flushes,
        f"silences of {silence_s:g} s": num_silences,
        "s until POST is answered, in trouble": spread(waits.posts_in_trouble),
        "s until POST is answered, afterwards": spread(waits.posts_afterwards),
        "s from the answer to the claim, in trouble": spread(waits.starts_in_trouble),
        "s from the answer to the claim, afterwards": spread(waits.starts_afterwards),
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)
