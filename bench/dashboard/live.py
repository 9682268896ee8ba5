"""What a live run costs: in the browser, in the API, and in the database with many viewers."""

import asyncio
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from uuid import UUID

import httpx
from playwright.sync_api import Browser, Request
from sqlalchemy import text

from app.store.database import make_engine, unit_of_work
from bench.dashboard.browsing import browser_process, mark_s, signed_in
from bench.dashboard.data import LONG_TASK, chunks_of, write_steps
from bench.dashboard.processes import cpu_s
from bench.dashboard.results import Result
from bench.dashboard.server import Installation
from bench.long_run import LEASE_S, claimed_run
from worker.supervision.run_records import RunRecords

#: Steps a second, and those of a flush: twice a second.
STEPS_PER_S, FLUSH_STEPS = 300, 150
#: Steps between two probes, and seconds between two diagnoses, as of a worker.
PROBE_EVERY, DIAGNOSE_EVERY_S = 1500, 10.0
NUM_LAGS = 100
#: Steps that the run has when somebody begins to look.
BEFORE = 60_000
WINDOW_S = 20.0
NUM_VIEWERS = 50
#: Seconds for the streams of all viewers to open, after which they cost what they cost for long.
OPENING_S = 3.0
#: As the page asks while it follows a run.
_HEADERS = {"Cache-Control": "max-age=2"}


def measure_live(service: Installation, browser: Browser) -> list[Result]:
    """One real page first, whose requests are then repeated by simulated viewers."""
    with live_run(service) as run_id:
        time.sleep(3)
        alone = _window(service, lambda: time.sleep(WINDOW_S))
        asked, in_browser_s, one_page = _in_browser(service, browser, run_id)
        one, many = (
            _simulated(service, run_id, asked, num_viewers=number) for number in (1, NUM_VIEWERS)
        )
    own = [one_page.minus(alone), one.minus(alone), many.minus(alone)]
    each_s = own[2].api_s / NUM_VIEWERS
    times = own[2].transactions / max(0.1, own[1].transactions)
    viewers = f"{NUM_VIEWERS} viewers"
    return [
        Result("browser: all processes", 100 * in_browser_s / WINDOW_S, "% of a core", 15),
        Result("API: a page", 100 * own[0].api_s, "% of a core", 3),
        Result("API: a simulated viewer", 100 * own[1].api_s, "% of a core", 3),
        Result(f"API: one of {viewers}", 100 * each_s, "% of a core", 3),
        Result("database: transactions, no viewer", alone.transactions, "/s"),
        Result("database: transactions for one viewer", own[1].transactions, "/s"),
        Result(f"database: transactions for {viewers}", own[2].transactions, "/s"),
        Result("database: no viewer", 100 * alone.database_s, "% of a core"),
        Result("database: one viewer", 100 * own[1].database_s, "% of a core"),
        Result(f"database: {viewers}", 100 * own[2].database_s, "% of a core"),
        Result(f"database: {viewers} / one, transactions", times, "times", 1.5),
    ]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Each for one second."""

    api_s: float
    database_s: float
    transactions: float

    def minus(self, other: "Cost") -> "Cost":
        return Cost(
            api_s=self.api_s - other.api_s,
            database_s=self.database_s - other.database_s,
            transactions=self.transactions - other.transactions,
        )


class _Meter:
    def __init__(self, service: Installation) -> None:
        self._service = service
        self._engine = make_engine(service.database_url, pool_size=1)
        self._began = self._read()

    def _read(self) -> tuple[float, float, float, float]:
        with unit_of_work(self._engine) as work:
            work.session.execute(text("SELECT pg_stat_clear_snapshot()"))
            query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
            commits = work.session.execute(text(query)).scalar_one()
        own = cpu_s(self._service.api), cpu_s(self._service.database)
        return (time.monotonic(), *own, float(commits))

    def cost(self) -> Cost:
        time.sleep(1.2)  # after which the database has counted all transactions
        began, ended = self._began, self._read()
        self._engine.dispose()
        seconds, api_s, database_s, commits = (b - a for a, b in zip(began, ended, strict=True))
        return Cost(
            api_s=api_s / seconds, database_s=database_s / seconds, transactions=commits / seconds
        )


def _window(service: Installation, act: object) -> Cost:
    meter = _Meter(service)
    assert callable(act)  # noqa: S101
    act()
    return meter.cost()


def _in_browser(
    service: Installation, browser: Browser, run_id: UUID
) -> tuple[list[str], float, Cost]:
    """Returns what the page asks for while it follows the run, and the browser's seconds."""
    asked: list[str] = []
    with signed_in(browser, service) as context:
        page = context.new_page()
        page.goto(f"/runs/{run_id}")
        mark_s(page, "charts drawn")
        page.wait_for_timeout(4000)

        def note(request: Request) -> None:
            asked.append(request.url.removeprefix(service.url))

        page.on("request", note)
        pid = browser_process()
        meter = _Meter(service)
        before_s = cpu_s(pid)
        page.wait_for_timeout(1000 * WINDOW_S)
        spent_s = cpu_s(pid) - before_s
        cost = meter.cost()
    return asked, spent_s, cost


def _simulated(service: Installation, run_id: UUID, asked: list[str], *, num_viewers: int) -> Cost:
    # in a thread, since the browser's client has an event loop in this one
    with ThreadPoolExecutor(1) as pool:
        viewed = _viewed(service, run_id, asked, num_viewers=num_viewers)
        return pool.submit(asyncio.run, viewed).result()


async def _viewed(
    service: Installation, run_id: UUID, asked: list[str], *, num_viewers: int
) -> Cost:
    """Viewers who begin at different moments and repeat what the page asked for, and as often."""
    pause_s = WINDOW_S / max(1, len(asked))
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=service.url, timeout=60, limits=limits) as client:
        headers = [
            {"Authorization": f"Bearer {service.data.keys[number % len(service.data.keys)]}"}
            for number in range(num_viewers)
        ]

        async def view(number: int) -> None:
            await asyncio.sleep(number * pause_s / num_viewers)
            for path in asked:
                answer = await client.get(path, headers={**headers[number], **_HEADERS})
                answer.raise_for_status()
                await asyncio.sleep(pause_s)

        streams = [asyncio.create_task(_follow(client, run_id, one)) for one in headers]
        # until all streams are open; what goes on from then on is measured
        await asyncio.sleep(OPENING_S)
        meter = _Meter(service)
        await asyncio.gather(*(view(number) for number in range(num_viewers)))
        found = await asyncio.to_thread(meter.cost)
        for stream in streams:
            stream.cancel()
        return found


async def _follow(client: httpx.AsyncClient, run_id: UUID, headers: dict[str, str]) -> None:
    path = f"/v1/runs/{run_id}/events?after=1000000000"
    wanted = {**headers, "Accept": "text/event-stream"}
    async with client.stream("GET", path, headers=wanted) as answer:
        async for _ in answer.aiter_bytes():
            pass


@contextmanager
def live_run(service: Installation) -> Iterator[UUID]:
    """A run that a process of its own goes on with while the caller looks."""
    engine = make_engine(service.database_url)
    run_id = claimed_run(
        engine,
        num_steps=10_000_000,
        name="live",
        task=LONG_TASK.model_copy(update={"length": NUM_LAGS}),
    )
    first = chunks_of(BEFORE, probe_every=PROBE_EVERY, num_lags=NUM_LAGS)
    seq = write_steps(engine, run_id, first)
    engine.dispose()
    context = get_context("spawn")
    stop = context.Event()
    arguments = (service.database_url, run_id, seq, stop)
    process = context.Process(target=_train, args=arguments, daemon=True)
    process.start()
    try:
        yield run_id
    finally:
        stop.set()
        process.join(30)


def _train(database_url: str, run_id: UUID, seq: int, stop: Event) -> None:
    """Stores steps and diagnoses as a worker does whose training takes no time."""
    os.nice(5)
    engine = make_engine(database_url, pool_size=2)
    records = RunRecords(engine=engine, run_id=run_id, attempt=1, lease_s=LEASE_S, max_crashes=3)
    chunks = chunks_of(
        1_000_000,
        probe_every=PROBE_EVERY,
        num_lags=NUM_LAGS,
        first_step=BEFORE,
        flush=FLUSH_STEPS,
    )
    began = diagnosed = time.monotonic()
    for number, chunk in enumerate(chunks):
        write_steps(engine, run_id, iter([chunk]), first_seq=seq + number)
        if time.monotonic() - diagnosed > DIAGNOSE_EVERY_S:
            records.diagnose()
            diagnosed = time.monotonic()
        due = began + (number + 1) * FLUSH_STEPS / STEPS_PER_S
        if stop.wait(max(0.0, due - time.monotonic())):
            break
    engine.dispose()
