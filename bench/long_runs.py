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
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from app.domain.quantities import SCALARS
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.task import MetricMode, TaskFacts
from app.domain.telemetry import FLUSH_EVERY_STEPS, FloatArray, ReadingBatch, TelemetryChunk
from app.embedded.home import make_home, owned
from app.embedded.servers import Servers, embedded_servers
from app.migration import migrate
from app.services.accounts.bootstrap import bootstrap
from app.store.claims import begin, claim_row
from app.store.database import make_engine, unit_of_work
from app.store.ids import new_id
from app.store.runs import insert_run
from app.store.tables import runs, workspaces
from app.store.telemetry import append_batch
from app.store.workers import register
from worker.supervision.run_records import RunRecords

SECRET = "bench" * 8
TENSORS = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "readout.weight", "readout.bias")
TASK = TaskFacts(
    metric="mse",
    mode=MetricMode.MINIMISE,
    length=50,
    input_size=2,
    output_size=1,
    many_to_one=True,
)
LEASE_S = 3600.0
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
            _measure_worker(place)


def _prepare(home: Path, servers: Servers, *, num_steps: int) -> Place:
    note = home / "long-run.json"
    url = servers.database.url("clinic")
    if not note.exists():
        migrate(url)
        engine = make_engine(url)
        key, run_id = _write(engine, num_steps=num_steps)
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


def _write(engine: Engine, *, num_steps: int) -> tuple[str, UUID]:
    with unit_of_work(engine) as work:
        key = bootstrap(work, secret=SECRET)
    run_id = _claimed(engine, num_steps=num_steps)
    random = np.random.default_rng(0)
    began = time.perf_counter()
    for seq, first in enumerate(range(0, num_steps, FLUSH_EVERY_STEPS)):
        chunk = _chunk(random, first, min(first + FLUSH_EVERY_STEPS, num_steps))
        batch = ReadingBatch(chunk=chunk, progress_step=chunk.last_step + 1)
        with unit_of_work(engine) as work:
            append_batch(work.session, run_id=run_id, attempt=1, seq=seq, batch=batch)
    seconds = time.perf_counter() - began
    values = num_steps * (len(SCALARS) + 4 * len(TENSORS))
    print(f"written: {num_steps} steps in {seconds:.0f} s, {values / seconds / 1e6:.2f} M values/s")
    return key or "", run_id


def _claimed(engine: Engine, *, num_steps: int) -> UUID:
    spec = JobSpec.model_validate(
        {
            "model": {"kind": "gru"},
            "dataset": {"kind": "adding", "length": 50},
            "training": {"num_steps": num_steps},
        }
    )
    with unit_of_work(engine) as work:
        session = work.session
        workspace_id = session.execute(select(workspaces.c.id)).scalar_one()
        run = insert_run(
            session,
            workspace_id=workspace_id,
            spec=spec,
            name="long",
            tags=(),
            notes="",
            priority=0,
        )
        worker_id = new_id()
        register(
            session,
            worker_id=worker_id,
            host="here",
            pid=1,
            devices=("cpu",),
            slots=1,
            threads_per_run=1,
            release="bench",
        )
        row = session.execute(select(runs).where(runs.c.id == run.id)).mappings().one()
        claim_row(session, row, worker_id=worker_id, lease_s=LEASE_S)
        begin(session, run_id=run.id, attempt=1, task=TASK, tensor_names=TENSORS, device="cpu")
    return run.id


def _chunk(random: np.random.Generator, first: int, end: int) -> TelemetryChunk:
    steps_n = np.arange(first, end, dtype=np.int32)
    noise_n = random.lognormal(sigma=0.3, size=steps_n.size)
    loss_n = _real((0.1 + np.exp(-steps_n / 1e6)) * noise_n)
    norms = _real(random.lognormal(sigma=0.5, size=(steps_n.size, len(TENSORS))))
    ones_n = np.ones_like(loss_n)
    return TelemetryChunk(
        steps_n=steps_n,
        scalars={
            **dict.fromkeys(SCALARS, ones_n),
            "loss": loss_n,
            "grad_norm": _real(np.linalg.norm(norms, axis=1)),
            "clip_coefficient": _real(np.minimum(1, 2 / np.linalg.norm(norms, axis=1))),
            "update_ratio": _real(1e-3 * noise_n),
            "elapsed_s": _real(steps_n * 1e-3),
            "non_finite_count": ones_n * 0,
        },
        tensors={
            "grad_norm": norms,
            "weight_norm": _real(10 + 0.01 * norms),
            "update_ratio": _real(1e-3 * norms),
            "zero_fraction": norms * 0,
        },
    )


def _real(values: NDArray[np.floating]) -> FloatArray:
    return values.astype(np.float32)


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
    command: Sequence[str] = (
        *(sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app"),
        *("--port", "0", "--no-access-log"),
    )
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield _address(process), process.pid
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stderr or ():
        found = re.search(r"running on (http://\S+)", line)
        if found:
            return found.group(1)
    detail = "the service does not start"
    raise RuntimeError(detail)


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
