"""Many runs and many requests: what the processes hold must not grow with them."""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, product
from random import Random
from uuid import UUID

import httpx
from sqlalchemy import text

from tests.faults.clinic import Clinic
from tests.faults.results import Figure, Result, judged
from tests.faults.work import LONGEST_RUN_S, UNENDED, small_spec
from tests.processes import num_descriptors, resident_bytes
from tests.workers import wait_until

MIB = 2**20
NUM_WORKERS = 2
NUM_CLIENTS = 4
#: Runs that wait or train at a time.
NUM_AT_A_TIME = 8
LOOK_EVERY_S = 0.02
SPEC = small_spec(training={"num_steps": 2, "batch_size": 4, "evaluate_every": 2})
#: Each client asks for these of one run after the other.
PARTS = (
    "",
    "/history",
    "/diagnosis",
    "/gradient-flow",
    "/dynamics",
    "/events",
    "/artifacts",
)
CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
      AND pid <> pg_backend_pid()
"""
UNCOMPLETED = "SELECT id FROM runs WHERE id = ANY(:run_ids) AND stop_reason <> 'completed'"
#: Of one process, between two moments at which nothing is trained.
MAX_GROWTH_MIB = 32.0
MAX_MORE_DESCRIPTORS = 8
MAX_MORE_CONNECTIONS = 8


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the processes hold while no run trains."""

    #: Name of a process -> its resident size in MiB.
    resident_mib: dict[str, float]
    descriptors: dict[str, int]
    connections: int

    def figures(self, *, when: str) -> dict[str, Figure]:
        sizes = ", ".join(f"{name} {mib:.0f}" for name, mib in self.resident_mib.items())
        numbers = ", ".join(f"{name} {count}" for name, count in self.descriptors.items())
        return {
            f"resident MiB, {when}": sizes,
            f"descriptors, {when}": numbers,
            f"database connections, {when}": self.connections,
        }


def look(clinic: Clinic) -> Held:
    """Waits until nothing is trained."""
    workers = clinic.group.ready
    wait_until(lambda: not any(worker.training() for worker in workers))
    assert clinic.api.pid is not None, "the API has ended"
    pids = {"API": clinic.api.pid}
    for number, worker in enumerate(workers, start=1):
        pids |= {f"worker {number}": worker.pid, f"forkserver {number}": worker.forkserver()}
    with clinic.runs.engine.connect() as connection:
        connections = connection.execute(text(CONNECTIONS)).scalar_one()
    return Held(
        resident_mib={name: resident_bytes(pid) / MIB for name, pid in pids.items()},
        descriptors={name: num_descriptors(pid) for name, pid in pids.items()},
        connections=connections,
    )


def go_on_for_long(clinic: Clinic, _random: Random, *, num_runs: int, num_requests: int) -> Result:
    """Looks after a tenth of all, which fills the caches, then in the middle and at the end."""
    clinic.group.of(0)
    workers = {worker.pid for worker in clinic.group.of(NUM_WORKERS)}
    began_s = time.monotonic()
    statuses: Counter[int] = Counter()
    seen: list[Held] = []
    with clinic.direct_api():
        for share in (0.1, 0.4, 0.5):
            statuses += _work(
                clinic, num_runs=round(share * num_runs), num_requests=round(share * num_requests)
            )
            seen.append(look(clinic))
    taken_s = time.monotonic() - began_s
    before, half, end = seen
    num_left = sum(worker.pid in workers for worker in clinic.group.ready)
    checks = {
        f"requests were answered {dict(statuses)}": set(statuses) == {200},
        "workers ended": num_left == NUM_WORKERS,
        **_grown(before, half, when="from the first tenth to the half"),
        **_grown(half, end, when="from the half to the end"),
    }
    figures: dict[str, Figure] = {
        "runs": num_runs,
        "requests": statuses.total(),
        "s in all": round(taken_s, 1),
        **before.figures(when="after a tenth"),
        **half.figures(when="at half"),
        **end.figures(when="at the end"),
    }
    return judged(checks, figures)


def _grown(earlier: Held, later: Held, *, when: str) -> dict[str, bool]:
    """By what is wrong: whether it is not."""
    more = later.connections - earlier.connections
    checks = {f"{more} more database connections {when}": more <= MAX_MORE_CONNECTIONS}
    for name, mib in later.resident_mib.items():
        more_mib = mib - earlier.resident_mib.get(name, 0.0)
        checks[f"{name} grew by {more_mib:.0f} MiB {when}"] = more_mib <= MAX_GROWTH_MIB
    for name, count in later.descriptors.items():
        more = count - earlier.descriptors.get(name, 0)
        checks[f"{name} has {more} more descriptors {when}"] = more <= MAX_MORE_DESCRIPTORS
    return checks


def _work(clinic: Clinic, *, num_runs: int, num_requests: int) -> Counter[int]:
    """Trains runs and asks for them at the same time; the statuses of the GETs."""
    first = _train(clinic, num_runs=1)
    with ThreadPoolExecutor(NUM_CLIENTS) as pool:
        calls = [
            pool.submit(_ask, clinic, first, num_requests=num_requests // NUM_CLIENTS)
            for _ in range(NUM_CLIENTS)
        ]
        _train(clinic, num_runs=num_runs - 1)
        return sum((call.result() for call in calls), Counter())


def _train(clinic: Clinic, *, num_runs: int) -> list[UUID]:
    """Posts runs, a few at a time, and waits for their ends; all must succeed."""
    body = SPEC.model_dump(mode="json")
    run_ids: list[UUID] = []
    while len(run_ids) < num_runs:
        if _num_unended(clinic, run_ids[-2 * NUM_AT_A_TIME :]) < NUM_AT_A_TIME:
            answer = clinic.api.http.post("/v1/runs", json=body).raise_for_status()
            run_ids.append(UUID(answer.json()["id"]))
        else:
            time.sleep(LOOK_EVERY_S)
    wait_until(lambda: _num_unended(clinic, run_ids) == 0, within_s=LONGEST_RUN_S)
    with clinic.runs.engine.connect() as connection:
        found = connection.execute(text(UNCOMPLETED), {"run_ids": run_ids})
        assert not (uncompleted := found.scalars().all()), uncompleted
    return run_ids


def _num_unended(clinic: Clinic, run_ids: Sequence[UUID]) -> int:
    with clinic.runs.engine.connect() as connection:
        found = connection.execute(text(UNENDED), {"run_ids": list(run_ids)})
        return int(found.scalar_one())


def _ask(clinic: Clinic, run_ids: Sequence[UUID], *, num_requests: int) -> Counter[int]:
    """GETs of all parts of these runs and of the list, in turn."""
    paths = ["/v1/runs", *(f"/v1/runs/{one}{part}" for one, part in product(run_ids, PARTS))]
    statuses: Counter[int] = Counter()
    http = clinic.api.http
    with httpx.Client(base_url=http.base_url, headers=http.headers, timeout=60) as client:
        turns = -(-num_requests // len(paths))
        for path in islice(paths * turns, num_requests):
            statuses[client.get(path).status_code] += 1
    return statuses
