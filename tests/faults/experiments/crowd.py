"""Many small runs of several workspaces that wait at once for a few workers."""

import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from uuid import UUID

import httpx
from sqlalchemy import text

from tests.api.installation import new_workspace
from tests.faults.clinic import Clinic
from tests.faults.results import Figure, Result, judged, quantile, spread
from tests.faults.work import LONGEST_RUN_S, small_spec

NUM_WORKSPACES = 10
NUM_WORKERS = 2
SPEC = small_spec(training={"num_steps": 2, "batch_size": 4, "evaluate_every": 2})
LIST_WITHIN_S = 0.1
PREFLIGHT_WITHIN_S = 5.0
#: Between a workspace's number of runs among those that ended first and an equal share of them.
#: A run that takes longer costs its workspace a turn, since another one has fewer running then.
MAX_DIFFERENCE_SHARE, MAX_DIFFERENCE_RUNS = 0.2, 3
#: Between two lists of runs.
PAUSE_S = 0.05
IS_ENDED = "SELECT count(*) FROM runs WHERE id = ANY(:run_ids) AND ended_at IS NOT NULL"
ENDS = """
    SELECT workspace_id, status, stop_reason, attempt FROM runs
    WHERE id = ANY(:run_ids) ORDER BY ended_at
"""


class Crowd:
    """Workspaces, each with a client, and their runs."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        base_url = clinic.api.http.base_url
        self.clients = [
            httpx.Client(
                base_url=base_url,
                headers={"Authorization": f"Bearer {new_workspace(clinic.runs.engine, 'crowd')}"},
                timeout=60,
            )
            for _ in range(NUM_WORKSPACES)
        ]
        self.run_ids: list[UUID] = []

    def post(self, *, num_runs: int) -> None:
        """One workspace after the other, so that age alone would serve the first one first."""
        body = SPEC.model_dump(mode="json")
        for client in self.clients:
            for _ in range(num_runs // NUM_WORKSPACES):
                answer = client.post("/v1/runs", json=body).raise_for_status()
                self.run_ids.append(UUID(answer.json()["id"]))

    def list_until_ended(self, *, num_runs: int) -> list[float]:
        """Seconds of each list of runs, of one workspace after the other."""
        seconds: list[float] = []
        deadline_s = time.monotonic() + LONGEST_RUN_S
        while self._num_ended() < num_runs:
            assert time.monotonic() < deadline_s, f"{self._num_ended()} of {num_runs} have ended"
            client = self.clients[len(seconds) % NUM_WORKSPACES]
            asked_at_s = time.perf_counter()
            client.get("/v1/runs").raise_for_status()
            seconds.append(time.perf_counter() - asked_at_s)
            time.sleep(PAUSE_S)
        return seconds

    def preflight(self) -> tuple[int, float]:
        """Status and seconds of one of the initial weights."""
        asked_at_s = time.perf_counter()
        answer = self.clients[0].post(
            "/v1/preflight",
            params={"mini_steps": 0, "wait_s": 30},
            json=SPEC.model_dump(mode="json"),
        )
        return answer.status_code, time.perf_counter() - asked_at_s

    def ends(self) -> Sequence[tuple[UUID, str, str, int]]:
        """Workspace, status, stop reason and attempts of each run, in the order of the ends."""
        with self._clinic.runs.engine.connect() as connection:
            rows = connection.execute(text(ENDS), {"run_ids": self.run_ids})
            return [(row[0], row[1], row[2], row[3]) for row in rows]

    def close(self) -> None:
        for client in self.clients:
            client.close()

    def _num_ended(self) -> int:
        with self._clinic.runs.engine.connect() as connection:
            found = connection.execute(text(IS_ENDED), {"run_ids": self.run_ids})
            return int(found.scalar_one())


def serve_a_crowd(clinic: Clinic, _random: Random, *, num_runs: int, quiet_s: float) -> Result:
    """Workspaces have equal shares, lists and a preflight are answered, and no worker ends."""
    clinic.group.of(0)
    crowd = Crowd(clinic)
    with clinic.direct_api():
        crowd.post(num_runs=num_runs)
        workers = {worker.pid for worker in clinic.group.of(NUM_WORKERS)}
        began_s = time.monotonic()
        lists = crowd.list_until_ended(num_runs=num_runs // 2)
        status, preflight_s = crowd.preflight()
        lists += crowd.list_until_ended(num_runs=num_runs)
        taken_s = time.monotonic() - began_s
    ends = crowd.ends()
    crowd.close()
    # a worker that takes itself for deaf ends some time after the last notification
    time.sleep(quiet_s)
    num_left = sum(worker.pid in workers for worker in clinic.group.ready)
    first = Counter(workspace_id for workspace_id, *_ in ends[: num_runs // 2])
    fair = num_runs // 2 / NUM_WORKSPACES
    most_apart = max(MAX_DIFFERENCE_RUNS, MAX_DIFFERENCE_SHARE * fair)
    num_well = sum(end[1:] == ("succeeded", "completed", 1) for end in ends)
    checks = {
        "workspaces had unequal shares": len(first) == NUM_WORKSPACES
        and all(abs(count - fair) <= most_apart for count in first.values()),
        "lists took longer than promised": quantile(lists, 0.99) <= LIST_WITHIN_S,
        f"the preflight was answered {status}": status == httpx.codes.OK,
        "the preflight took longer than promised": preflight_s <= PREFLIGHT_WITHIN_S,
        "runs did not complete at their first attempt": num_well == num_runs,
        "workers ended": num_left == NUM_WORKERS,
    }
    figures: dict[str, Figure] = {
        "runs": num_runs,
        "workspaces": NUM_WORKSPACES,
        "runs completed at the first attempt": num_well,
        "s from the workers' start to the last end": round(taken_s, 1),
        "% of the first half for the least served workspace": _percent(
            min(first.values()), num_runs // 2
        ),
        "% of the first half for the most served workspace": _percent(
            max(first.values()), num_runs // 2
        ),
        "s for a list of runs": spread(lists, digits=3),
        "s for a preflight in the middle": round(preflight_s, 2),
        "s of quiet afterwards": quiet_s,
        "workers that never ended": num_left,
    }
    return judged(checks, figures)


def _percent(number: int, of: int) -> float:
    return round(100 * number / of, 1)
