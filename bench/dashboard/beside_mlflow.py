"""The same runs in MLflow's UI, by the same browser, in turns with ours.

MLflow comes from an interpreter of its own, outside of this project. Its database is filled
directly, row by row as its store would, since logging a million steps over HTTP takes hours.
"""

import random
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from playwright.sync_api import Browser, Page

from bench.dashboard.browsing import content_s, mark_s, signed_in, until
from bench.dashboard.data import NUM_RUNS, NUM_STEPS, SPIKE_FACTOR, SPIKE_STEP
from bench.dashboard.results import Result
from bench.dashboard.server import Installation

NUM_ROUNDS = 3
THEIR_PATIENCE_MS = 300_000
_FIRST = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
experiment = mlflow.create_experiment("bench")
with mlflow.start_run(experiment_id=experiment, run_name="a million steps") as run:
    mlflow.log_metric("loss", 1.0, step=0)
print(experiment, run.info.run_id)
"""
_GREATEST = """() => {
  const lines = [...document.querySelectorAll(".js-plotly-plot")].flatMap((chart) => chart.data);
  return lines.map((line) => Math.max(...[...(line.y ?? [])].filter(Number.isFinite)));
}"""
_CHART = ".js-plotly-plot .scatterlayer path.js-line"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """One load of a page with an empty cache."""

    seconds: float
    megabytes: float


def measure_beside_mlflow(
    service: Installation, browser: Browser, interpreter: Path, folder: Path
) -> list[Result]:
    """Both pages of both, by turns."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "mlflow.db"
    experiment, run_id = _fill(interpreter, database)
    found: dict[str, list[Loaded]] = {}
    has_spike = False
    with _server(interpreter, database) as url:
        for _ in range(NUM_ROUNDS):
            found.setdefault("runs page: ours", []).append(_our_list(service, browser))
            listed, _ = _theirs(
                browser, f"{url}/#/experiments/{experiment}/runs", _rows_are_there()
            )
            found.setdefault("runs page: MLflow", []).append(listed)
            found.setdefault("run page: ours", []).append(_our_run(service, browser))
            address = f"{url}/#/experiments/{experiment}/runs/{run_id}/model-metrics"
            charted, values = _theirs(browser, address, _charts_are_there())
            found.setdefault("run page: MLflow", []).append(charted)
            has_spike = max(values, default=0.0) > SPIKE_FACTOR / 10
    results = [
        result
        for name, loads in found.items()
        for result in (
            Result(f"{name}, to its content", min(one.seconds for one in loads), "s"),
            Result(f"{name}, transferred", min(one.megabytes for one in loads), "MB"),
        )
    ]
    pages = ("runs page", "run page")
    ratios = [_ratio(page, found[f"{page}: MLflow"], found[f"{page}: ours"]) for page in pages]
    return [*results, *ratios, Result("spike of one step in MLflow's chart", float(has_spike), "")]


def _ratio(page: str, theirs: list[Loaded], ours: list[Loaded]) -> Result:
    ratios = [b.seconds / a.seconds for a, b in zip(theirs, ours, strict=True)]
    return Result(f"{page}: ours / MLflow, median of rounds", median(ratios), "times")


def _our_list(service: Installation, browser: Browser) -> Loaded:
    with signed_in(browser, service) as context:
        page = context.new_page()
        sizes = _transfers(page)
        page.goto("/runs")
        return Loaded(seconds=content_s(page), megabytes=sum(sizes) / 1e6)


def _our_run(service: Installation, browser: Browser) -> Loaded:
    with signed_in(browser, service) as context:
        page = context.new_page()
        sizes = _transfers(page)
        page.goto(f"/runs/{service.data.long_run}")
        return Loaded(seconds=mark_s(page, "charts drawn"), megabytes=sum(sizes) / 1e6)


def _theirs(browser: Browser, address: str, condition: str) -> tuple[Loaded, list[float]]:
    """Loads a page of MLflow's; also returns the numbers of its first chart."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(THEIR_PATIENCE_MS)
    try:
        page = context.new_page()
        sizes = _transfers(page)
        page.goto(address, wait_until="commit")
        seconds = until(page, condition)
        loaded = Loaded(seconds=seconds, megabytes=sum(sizes) / 1e6)
        values = page.evaluate(_GREATEST)
        return loaded, [float(value) for value in values if value is not None]
    finally:
        context.close()


def _transfers(page: Page) -> list[float]:
    """Collects the bytes of all answers, as they came over the network."""
    sizes: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda ended: sizes.append(ended["encodedDataLength"]))
    return sizes


def _rows_are_there() -> str:
    return f"document.body.innerText.includes('run {NUM_RUNS - 1}')"


def _charts_are_there() -> str:
    return f"document.querySelectorAll('{_CHART}').length >= 2"


def _fill(interpreter: Path, database: Path) -> tuple[str, str]:
    """Returns the experiment and the long run; a database that is there is used again."""
    note = database.with_suffix(".txt")
    if not note.exists():
        database.unlink(missing_ok=True)
        made = subprocess.run(  # noqa: S603 - the program that was named
            [str(interpreter), "-c", _FIRST, f"sqlite:///{database}"],
            check=True,
            capture_output=True,
            text=True,
        )
        experiment, run_id = made.stdout.split()[-2:]
        with closing(sqlite3.connect(database)) as connection:
            _insert_steps(connection, run_id)
            _insert_runs(connection, run_id)
            connection.commit()
        note.write_text(f"{experiment} {run_id}")
    experiment, run_id = note.read_text().split()
    return experiment, run_id


def _insert_steps(connection: sqlite3.Connection, run_id: str) -> None:
    generator = random.Random(0)  # noqa: S311 - numbers for a chart
    now_ms = int(1000 * time.time()) - NUM_STEPS
    for key in ("loss", "grad_norm"):

        def rows(key: str = key) -> Iterator[tuple[object, ...]]:
            for step in range(1, NUM_STEPS):
                value = generator.lognormvariate(0, 0.3)
                value *= SPIKE_FACTOR if step == SPIKE_STEP else 1
                yield key, value, now_ms + step, run_id, step, 0

        connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows())
        connection.execute(
            "INSERT OR REPLACE INTO latest_metrics VALUES (?, 1.0, ?, ?, 0, ?)",
            (key, now_ms + NUM_STEPS, NUM_STEPS - 1, run_id),
        )


def _insert_runs(connection: sqlite3.Connection, run_id: str) -> None:
    (row,) = connection.execute("SELECT * FROM runs WHERE run_uuid = ?", (run_id,)).fetchall()
    names = [one[1] for one in connection.execute("PRAGMA table_info(runs)")]
    first = dict(zip(names, row, strict=True))
    now_ms = int(1000 * time.time())
    for number in range(NUM_RUNS):
        own = uuid4().hex
        changed = {
            "run_uuid": own,
            "name": f"run {number}",
            "start_time": now_ms - 60_000 * (NUM_RUNS - number),
        }
        values = [changed.get(name, first[name]) for name in names]
        marks = ", ".join("?" * len(names))
        connection.execute(f"INSERT INTO runs VALUES ({marks})", values)  # noqa: S608 - question marks
        tags = (("mlflow.runName", f"run {number}"), ("mlflow.user", "bench"))
        connection.executemany(
            "INSERT INTO tags VALUES (?, ?, ?)", [(key, value, own) for key, value in tags]
        )
        for key in ("loss", "grad_norm"):
            connection.execute(
                "INSERT INTO latest_metrics VALUES (?, 0.5, ?, 99, 0, ?)", (key, now_ms, own)
            )


@contextmanager
def _server(interpreter: Path, database: Path) -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [str(interpreter), "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{database}"]
    log = (database.parent / "mlflow.log").open("w")
    with log, subprocess.Popen(command, stdout=log, stderr=log, cwd=database.parent) as process:  # noqa: S603 - as above
        try:
            _wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url):  # noqa: S310 - an address of this machine
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    detail = "MLflow does not start"
    raise RuntimeError(detail)
