"""Bodies that are as costly as their size allows, with and without a key."""

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from random import Random

import httpx

from tests.api.costly_bodies import costly_bodies
from tests.api.installation import new_workspace
from tests.api.polling import polling
from tests.faults.clinic import Clinic
from tests.faults.results import Figure, Result, judged
from tests.faults.work import SMALL_SPECS
from tests.processes import main_thread_cpu_s, peak_bytes

MAX_STALL_S = 0.1
MAX_GROWTH_BYTES = 64 * 2**20
MIB = 2**20
#: What others ask for.
POLLED = "/v1/runs?limit=1"
#: Before the measurement: a new process opens its connections to the database.
NUM_FIRST = 20
#: A body is answered far earlier; one that is not is a finding, not a reason to stop.
ANSWER_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Sent:
    """All bodies, sent one after the other to a new process of the API."""

    statuses: Counter[int]
    num_polls: int
    longest_stall_s: float
    #: CPU time of the event loop for one body; a busy machine does not make it longer.
    longest_loop_s: float
    growth_bytes: int

    @property
    def num_failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def figures(self, *, who: str) -> dict[str, Figure]:
        statuses = ", ".join(f"{count} x {status}" for status, count in self.statuses.items())
        return {
            f"answers, {who}": statuses,
            f"answers 5xx, {who}": self.num_failed,
            f"requests of others meanwhile, {who}": self.num_polls,
            f"ms of the longest stall of others, {who}": round(1000 * self.longest_stall_s, 1),
            f"ms of the event loop for one body, longest, {who}": round(
                1000 * self.longest_loop_s, 1
            ),
            f"MiB that the peak memory grew by, {who}": round(self.growth_bytes / MIB, 1),
        }


def send_costly_bodies(clinic: Clinic, _random: Random, *, every: int) -> Result:
    """One in `every` of the shapes stalls nobody, takes little memory and is answered properly."""
    other_key = new_workspace(clinic.runs.engine, "reads during costly bodies")
    anonymous = _send(clinic, every=every, headers={}, other_key=other_key)
    key = clinic.api.http.headers["Authorization"]
    keyed = _send(clinic, every=every, headers={"Authorization": key}, other_key=other_key)
    checks: dict[str, bool] = {
        "a body without a key was not answered 401": set(anonymous.statuses) == {401}
    }
    for who, sent in (("anonymous", anonymous), ("keyed", keyed)):
        checks |= {
            f"others were stalled, {who}": sent.longest_stall_s <= MAX_STALL_S,
            f"the memory grew, {who}": sent.growth_bytes <= MAX_GROWTH_BYTES,
            f"answers 5xx, {who}": sent.num_failed == 0,
            f"nobody else asked, {who}": sent.num_polls >= 1,
        }
    figures = {
        "shapes of bodies": keyed.statuses.total(),
        **anonymous.figures(who="anonymous"),
        **keyed.figures(who="keyed"),
    }
    return judged(checks, figures)


def _send(
    clinic: Clinic,
    *,
    every: int,
    headers: dict[str, str],
    other_key: str,
) -> Sent:
    base_url = clinic.api.http.base_url
    headers = {"Content-Type": "application/json", **headers}
    statuses: Counter[int] = Counter()
    longest_loop_s = 0.0
    with (
        clinic.direct_api() as api,
        httpx.Client(base_url=base_url, headers=headers, timeout=ANSWER_WITHIN_S) as client,
    ):
        assert api.pid is not None
        small = SMALL_SPECS[0].model_dump_json()
        client.post("/v1/runs?dry_run=true", content=small)
        for _ in range(NUM_FIRST):
            client.get(POLLED, headers={"Authorization": f"Bearer {other_key}"})
        before = peak_bytes(api.pid)
        with polling(str(base_url.join(POLLED)), key=other_key) as polled:
            for path, _, body in islice(costly_bodies(), 0, None, every):
                started_at_s = main_thread_cpu_s(api.pid)
                statuses[client.post(path, content=body).status_code] += 1
                loop_s = main_thread_cpu_s(api.pid) - started_at_s
                longest_loop_s = max(longest_loop_s, loop_s)
        growth_bytes = peak_bytes(api.pid) - before
    return Sent(
        statuses=statuses,
        num_polls=polled.num_requests,
        longest_stall_s=polled.longest_s,
        longest_loop_s=longest_loop_s,
        growth_bytes=growth_bytes,
    )
