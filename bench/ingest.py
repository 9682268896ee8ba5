"""How fast readings are stored, against plain blobs of the same bytes.

    python -m bench.ingest [--runs 1 4 16] [--seconds 2] [--rounds 5] [--tensors 10]

Each run has a process of its own, as in a worker, and stores flushes of 256 steps as fast as the
database acknowledges them, through the sender, the fence, the events and the windows. The baseline
stores the bytes of the same flushes, one row each, in a transaction each, and nothing else. Rounds
of both take turns, so that other load on the machine slows both alike. Printed are the medians in
millions of values per second, one value being one number of one step, and the median of the ratios
of the rounds.

On the same two cores without other work one, four and sixteen runs store 11.1, 19.2 and 13.1 M/s,
0.85, 0.64 and 0.98 times as many as blobs.

The database is a new one in a temporary folder, with its usual settings.

Found on two cores that others used too (load average 8 to 20; 16 flushes merged, 10 tensors): one
run stores 0.66 to 0.83 times as many values as blobs and sixteen 0.77 to 0.86 times, which is 3.2
to 3.9 M/s. The release before, in turns with it: 0.75 and 0.67 to 0.76 times, 2.2 to 2.5 M/s for
sixteen. A million values take 0.12 s of processor time in the worker and 0.08 s in the database,
before 0.16 and 0.08 s. The first version, which stored each flush and summarised each window
alone, took 0.50 and 0.25 s.
"""

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, text

from app.domain.quantities import PER_TENSOR, SCALARS
from app.domain.specs.job import JobSpec
from app.domain.telemetry import FLUSH_EVERY_STEPS, FloatArray, ReadingBatch, TelemetryChunk
from app.embedded.database import start_database
from app.embedded.home import make_home, owned
from app.migration import migrate
from app.services.attempts.claim_run import claim_run
from app.services.fleet.register_worker import register_worker
from app.services.telemetry.record_batch import record_batch
from app.store.database import make_engine, unit_of_work
from app.store.runs import insert_run
from app.store.workspaces import insert_workspace
from worker.telemetry.sending import OutageRetry, Sender

LEASE_S = 86_400.0
MANY_RUNS = 1000
#: Flushes that wait in the sender at most.
MAX_PENDING_BYTES = 8 * 2**20
SPEC = JobSpec.model_validate({"model": {"kind": "lstm"}, "dataset": {"kind": "adding"}})
BLOBS = "CREATE TABLE blobs (run_id uuid, seq bigint, content bytea, PRIMARY KEY (run_id, seq))"
INSERT_BLOB = "INSERT INTO blobs VALUES (:run_id, :seq, :content)"

Store = Callable[[float], int]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What one run stored in one turn."""

    number: int
    name: str
    #: Values.
    per_second: float


class Flushes:
    """Flushes of one run without end; each has other steps, and a few have other values."""

    def __init__(self, num_tensors: int, *, seed: int) -> None:
        rng = np.random.default_rng(seed)
        n, num = FLUSH_EVERY_STEPS, 8

        def values(*shape: int) -> FloatArray:
            # most quantities are norms that vary by a tenth or two from step to step
            return np.exp(0.15 * rng.standard_normal(shape)).astype(np.float32)

        self._scalars = [{name: values(n) for name in SCALARS} for _ in range(num)]
        self._tensors = [{name: values(n, num_tensors) for name in PER_TENSOR} for _ in range(num)]
        self._number = 0
        #: Values of one flush.
        self.num_values = n * (len(SCALARS) + num_tensors * len(PER_TENSOR))

    def chunk(self) -> TelemetryChunk:
        first, place = self._number * FLUSH_EVERY_STEPS, self._number % len(self._scalars)
        self._number += 1
        return TelemetryChunk(
            steps_n=np.arange(first, first + FLUSH_EVERY_STEPS, dtype=np.int32),
            scalars=self._scalars[place],
            tensors=self._tensors[place],
        )


def claimed_run(engine: Engine) -> tuple[UUID, int]:
    """A running run, and its attempt."""
    with unit_of_work(engine) as work:
        workspace_id = insert_workspace(work.session, name="bench").id
        insert_run(work.session, workspace_id=workspace_id, spec=SPEC, name="", tags=(), notes="")
        worker_id = register_worker(
            work, host="", pid=1, devices=("cpu",), slots=1, threads_per_run=1, release=""
        )
        run = claim_run(
            work,
            worker_id=worker_id,
            devices=("cpu",),
            lease_s=LEASE_S,
            max_running_runs=MANY_RUNS,
        )
    assert run is not None  # noqa: S101 - it was queued above
    return run.id, run.attempt


def readings_store(engine: Engine, flushes: Flushes) -> Store:
    """Stores flushes as a training process does, for some seconds; returns how many."""
    run_id, attempt = claimed_run(engine)

    def record(*, seq: int, batch: ReadingBatch) -> None:
        with unit_of_work(engine) as work:
            record_batch(work, run_id=run_id, attempt=attempt, seq=seq, batch=batch)

    sender = Sender(
        record,
        save=lambda _pending: None,
        retry=OutageRetry(),
        on_wait=lambda: None,
        on_fenced=lambda: None,
        max_pending_bytes=MAX_PENDING_BYTES,
    )
    sender.start()

    def store(seconds: float) -> int:
        number, end_s = 0, time.monotonic() + seconds
        while time.monotonic() < end_s:
            chunk = flushes.chunk()
            sender.send(ReadingBatch(chunk=chunk, progress_step=chunk.last_step + 1))
            number += 1
        sender.drain()
        return number

    return store


def blobs_store(engine: Engine, flushes: Flushes) -> Store:
    """Stores the bytes of flushes for some seconds; returns how many."""
    run_id = UUID(int=int(time.time_ns()))
    number = 0

    def store(seconds: float) -> int:
        nonlocal number
        before, end_s = number, time.monotonic() + seconds
        while time.monotonic() < end_s:
            chunk = flushes.chunk()
            columns = [*chunk.scalars.values(), *chunk.tensors.values()]
            content = b"".join(values.tobytes() for values in (chunk.steps_n, *columns))
            with unit_of_work(engine) as work:
                work.session.execute(
                    text(INSERT_BLOB), {"run_id": run_id, "seq": number, "content": content}
                )
            number += 1
        return number - before

    return store


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a process is to do."""

    url: str
    num_tensors: int
    seconds: float
    num_rounds: int


def write(order: Order, seed: int, barrier: Barrier, results: "Queue[Rate]") -> None:
    """One run: takes turns between its readings and its blobs, all runs at the same time."""
    engine = make_engine(order.url, pool_size=2)
    flushes = Flushes(order.num_tensors, seed=seed)
    stores = {"readings": readings_store(engine, flushes), "blobs": blobs_store(engine, flushes)}
    for number in range(order.num_rounds):
        for name, store in stores.items():
            barrier.wait()
            began_s = time.monotonic()
            num_values = store(order.seconds) * flushes.num_values
            rate = num_values / (time.monotonic() - began_s)
            results.put(Rate(number=number, name=name, per_second=rate))
    engine.dispose()


def measure(order: Order, num_runs: int) -> tuple[float, float, float]:
    """Millions of values per second as readings and as blobs, and the ratio of the two."""
    context = get_context("spawn")
    barrier, results = context.Barrier(num_runs), context.Queue()
    processes = [
        context.Process(target=write, args=(order, seed, barrier, results), daemon=True)
        for seed in range(num_runs)
    ]
    for process in processes:
        process.start()
    totals: dict[tuple[int, str], float] = defaultdict(float)
    for _ in range(num_runs * order.num_rounds * 2):
        rate = results.get(timeout=600)
        totals[rate.number, rate.name] += rate.per_second / 1e6
    for process in processes:
        process.join()
    rounds = [
        (totals[number, "readings"], totals[number, "blobs"]) for number in range(order.num_rounds)
    ]
    readings, blobs = (statistics.median(column) for column in zip(*rounds, strict=True))
    return readings, blobs, statistics.median(one / other for one, other in rounds)


@contextmanager
def new_database() -> Iterator[str]:
    """A database with the service's tables and one for blobs; its URL."""
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        home = make_home(Path(folder) / "home")
        with owned(home):
            database = start_database(home)
            try:
                migrate(database.url())
                engine = make_engine(database.url())
                with unit_of_work(engine) as work:
                    work.session.execute(text(BLOBS))
                engine.dispose()
                yield database.url()
            finally:
                database.child.stop(within_s=10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=2.0, help="of one turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tensors", type=int, default=10)
    asked = parser.parse_args()
    print(f"{'runs':>4} {'readings M/s':>13} {'blobs M/s':>10} {'ratio':>6}")
    with new_database() as url:
        order = Order(
            url=url,
            num_tensors=asked.tensors,
            seconds=asked.seconds,
            num_rounds=asked.rounds,
        )
        for num_runs in asked.runs:
            readings, blobs, ratio = measure(order, num_runs)
            print(f"{num_runs:4} {readings:13.2f} {blobs:10.2f} {ratio:6.2f}", flush=True)


if __name__ == "__main__":
    main()
