"""PostgreSQL is stopped or killed and comes back; replies to its commits are lost."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from tests.faults.clinic import Clinic
from tests.faults.results import Result, spread
from tests.faults.work import LONG_SPECS, Work
from tests.workers import wait_until

#: What the API promises while there is no database.
REFUSE_WITHIN_S = 2.0
ASK_EVERY_S = 0.2
#: Runs in progress when it goes away.
NUM_AT_A_TIME = 2


@dataclass(kw_only=True)
class Answers:
    """What the API said while it was asked again and again."""

    #: Seconds until each answer that was not 200, by its status.
    refusals: list[float] = field(default_factory=list)
    #: Answers that are no 503 with Retry-After, or none at all.
    wrong: list[str] = field(default_factory=list)


class Asker:
    """Asks the API for something that needs the database, in a thread of its own."""

    def __init__(self, http: httpx.Client, tell_moment: Callable[[], str]) -> None:
        """`tell_moment` says what has just happened to the database."""
        self._http, self._tell_moment = http, tell_moment
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name="asker")
        self.answers = Answers()

    def __enter__(self) -> Answers:
        self._thread.start()
        return self.answers

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _ask_on(self) -> None:
        while not self._is_over.wait(ASK_EVERY_S):
            began, moment = time.monotonic(), self._tell_moment()
            try:
                answer = self._http.get("/v1/runs", params={"limit": 1})
            except httpx.TransportError as error:
                self.answers.wrong.append(f"{error!r} {moment}")
                continue
            if answer.status_code == httpx.codes.OK:
                continue
            self.answers.refusals.append(time.monotonic() - began)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or not answer.headers.get(
                "Retry-After"
            ):
                self.answers.wrong.append(f"{answer.status_code} {moment}: {answer.text[:200]}")


class Outages:
    """One experiment: runs are in progress whenever the database goes away."""

    def __init__(self, clinic: Clinic, random: Random) -> None:
        self._clinic, self._random = clinic, random
        clinic.group.of(2)
        clinic.open_api()
        self.work = Work(clinic, LONG_SPECS)
        self._news, self._news_at = "it was there", time.monotonic()
        #: Seconds from the return of the database until all that waited for it had ended.
        self.catch_ups: list[float] = []

    def tell_moment(self) -> str:
        return f"{time.monotonic() - self._news_at:.1f} s after {self._news}"

    def be_away(self, outage_s: float) -> None:
        self._begin_runs()
        how = self._random.choice((signal.SIGINT, signal.SIGKILL))
        self._note(f"its {how.name}")
        self._clinic.stop_database(how)
        time.sleep(outage_s)
        self._note("its start")
        self._clinic.start_database()
        self.catch_ups.append(self._seconds_until_all_ended())

    def lose_a_reply(self) -> None:
        """A commit is carried out, and nobody hears of it."""
        self._begin_runs()
        proxy = self._clinic.to_database
        proxy.lose_replies(to=b"COMMIT", times=1)
        wait_until(lambda: proxy.num_to_lose == 0)
        self._seconds_until_all_ended()

    def _note(self, news: str) -> None:
        self._news, self._news_at = news, time.monotonic()

    def _begin_runs(self) -> None:
        run_ids = [self.work.submit() for _ in range(NUM_AT_A_TIME)]
        runs = self._clinic.runs
        wait_until(lambda: all(runs.get(run_id).attempt for run_id in run_ids))
        time.sleep(self._random.uniform(0, self.work.duration_s / 2))

    def _seconds_until_all_ended(self) -> float:
        began = time.monotonic()
        self.work.wait_for_ends()
        return time.monotonic() - began


def lose_the_database(
    clinic: Clinic,
    random: Random,
    *,
    outages_s: Sequence[float],
    num_lost_replies: int,
    refuse_within_s: float = REFUSE_WITHIN_S,
) -> Result:
    """No run and no row is lost, and the API says in time that it cannot answer."""
    outages = Outages(clinic, random)
    with Asker(clinic.api.http, outages.tell_moment) as answers:
        for outage_s in random.sample(outages_s, len(outages_s)):
            outages.be_away(outage_s)
    for _ in range(num_lost_replies):
        outages.lose_a_reply()
    tally = outages.work.judge()
    for words in answers.wrong:
        tally.complain(words)
    if not answers.refusals or max(answers.refusals) > refuse_within_s:
        tally.complain(f"the API refused late or never: {answers.refusals[:3]}")
    figures = {
        **{
            f"outages of {outage_s:g} s": count
            for outage_s, count in sorted(Counter(outages_s).items())
        },
        "commits whose reply was lost": num_lost_replies,
        "answers 503 with Retry-After": len(answers.refusals) - len(answers.wrong),
        "s until such an answer": spread(answers.refusals),
        "s from the database's return until all runs had ended": spread(outages.catch_ups),
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)
