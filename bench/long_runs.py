"""Reads, judges and ends a run of millions of steps, and prints times and memory.

    python -m bench.long_runs [--steps 10000000] [--home FOLDER]

The steps are written through the store, in batches of 256 as a worker writes them, not trained.
With `--home` the database stays in the folder, and a second call reads the run that is there. Each
time is the median of several calls; other load on the machine changes it.
"""

import argparse
import json
import os
import re
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from uuid import UUID

from sqlalchemy import select

from app.domain.runs import StopReason
from app.embedded.home import make_home, owned
from app.embedded.servers import Servers, embedded_servers
from app.migration import migrate
from app.store.database import make_engine, unit_of_work
from app.store.tables import runs
from bench.api_process import api_process
from bench.long_run import LEASE_S, write_run
from worker.supervision.run_records import RunRecords

SECRET = "bench" * 8
#: Calls of which the median is printed.
NUM_CALLS = 21
NUM_READERS = 30


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the run is."""

    database_url: str
    broker_url: str
    home: Path
    run_id: UUID
    key: str


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000_000)
    parser.add_argument("--home", type=Path, default=None)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = make_home(chosen.home or Path(temporary) / "home")
        with owned(home), embedded_servers(home) as servers:
            place = _prepare(home, servers, num_steps=chosen.steps)
            _measure_service(place, num_steps=chosen.steps)
            if _is_running(place):
                _measure_worker(place)


def _prepare(home: Path, servers: Servers, *, num_steps: int) -> Place:
    note = home / "long-run.json"
    url = servers.database.url("clinic")
    migrate(url)
    if not note.exists():
        engine = make_engine(url)
        key, run_id = write_run(engine, num_steps=num_steps, secret=SECRET)
        note.write_text(json.dumps({"key": key, "run_id": str(run_id)}))
        engine.dispose()
    found = json.loads(note.read_text())
    return Place(
        database_url=url,
        broker_url=servers.broker.url,
        home=home,
        run_id=UUID(found["run_id"]),
        key=found["key"],
    )


def _measure_service(place: Place, *, num_steps: int) -> None:
    with _service(place) as (url, pid):
        base = f"{url}/v1/runs/{place.run_id}"
        middle = num_steps // 2
        zoom = f"from_step={middle}&to_step={middle + 99_999}"
        overview = f"{base}/history"
        asked: dict[str, tuple[str, dict[str, str]]] = {
            "overview": (overview, {}),
            "zoom of 100,000 steps": (f"{overview}?{zoom}", {}),
            "304": (overview, {"If-None-Match": _get(place, overview)[1]}),
            "diagnosis with an override": (
                f"{base}/diagnosis?exploding_gradient.spike_factor=50",
                {},
            ),
            "run": (base, {}),
        }
        for name, (path, headers) in asked.items():
            call = partial(_get, place, path, headers)
            times_s = [_timed(call) for _ in range(NUM_CALLS)]
            print(f"{name}: {1e3 * median(times_s):.1f} ms, slowest {1e3 * max(times_s):.1f} ms")
        before = _rss_mb(pid)
        with ThreadPoolExecutor(NUM_READERS) as readers:
            list(readers.map(lambda _: _get(place, overview), range(10 * NUM_READERS)))
        print(f"{NUM_READERS} readers at once: +{_peak_mb(pid) - before:.0f} MB")


def _is_running(place: Place) -> bool:
    """Whether no earlier call has ended the run."""
    engine = make_engine(place.database_url)
    with unit_of_work(engine) as work:
        query = select(runs.c.ended_at).where(runs.c.id == place.run_id)
        ended_at = work.session.execute(query).scalar_one()
    engine.dispose()
    return ended_at is None


def _measure_worker(place: Place) -> None:
    for name, step in (("live diagnosis", _judge), ("end", _end)):
        with get_context("spawn").Pool(1) as pool:
            seconds, more_mb, kept_mb = pool.apply(_in_worker, (place, step))
        print(f"{name}: {seconds:.2f} s, +{more_mb:.0f} MB at the peak, +{kept_mb:.0f} MB after it")


def _in_worker(place: Place, step: Callable[[RunRecords], object]) -> tuple[float, float, float]:
    engine = make_engine(place.database_url)
    records = RunRecords(
        engine=engine, run_id=place.run_id, attempt=1, lease_s=LEASE_S, max_crashes=3
    )
    records.renew_lease(waits_for_database=False)
    before = _rss_mb(os.getpid())
    seconds = _timed(lambda: step(records))
    return seconds, _peak_mb(os.getpid()) - before, _rss_mb(os.getpid()) - before


def _judge(records: RunRecords) -> None:
    records.diagnose()


def _end(records: RunRecords) -> None:
    records.finish(StopReason.COMPLETED, None)


@contextmanager
def _service(place: Place) -> Iterator[tuple[str, int]]:
    """A process of the API; its address and its process id."""
    environ = {
        **os.environ,
        "CLINIC_HOME": str(place.home),
        "CLINIC_SECRET": SECRET,
        "CLINIC_DATABASE_URL": place.database_url,
        "CLINIC_BROKER_URL": place.broker_url,
    }
    with api_process(environ) as started:
        yield started


def _get(place: Place, url: str, headers: dict[str, str] | None = None) -> tuple[bytes, str]:
    """The body and the ETag."""
    request = urllib.request.Request(  # noqa: S310 - an address of this machine
        url, headers={"Authorization": f"Bearer {place.key}", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return answer.read(), answer.headers["ETag"]
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return b"", error.headers["ETag"]
        raise


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _rss_mb(pid: int) -> float:
    return _status_mb(pid, "VmRSS")


def _peak_mb(pid: int) -> float:
    return _status_mb(pid, "VmHWM")


def _status_mb(pid: int, field: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+) kB", text)
    return float(found.group(1)) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
