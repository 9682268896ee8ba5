"""Histories of long runs: read by windows, exact but for percentiles, and in bounded memory."""

import csv
import re
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import event

from app.api.models.history_arrow import arrow_parts, parquet_parts
from app.api.models.history_blocks import Block, export_blocks
from app.api.models.history_csv import csv_parts
from app.domain.quantities import SCALARS
from app.domain.runs import Run
from app.domain.scopes import Scope
from app.domain.telemetry import ReadingBatch, ScalarReading, TelemetryChunk
from app.services.telemetry.plan_history import HistoryQuery, plan_history
from app.services.telemetry.read_history import read_history
from app.store.database import unit_of_work
from tests.api.conftest import Clinic
from tests.api.measured import path_of, record, started_run
from tests.store.builders import TENSORS, a_profile

NUM_STEPS = 300_000
BATCH_STEPS = 7500


def losses() -> np.ndarray:
    loss = np.random.default_rng(0).lognormal(size=NUM_STEPS).astype(np.float32)
    loss[[123, 222_222, 299_998]] = 1e20, np.nan, -np.inf
    return loss


@pytest.fixture(scope="module")
def run(clinic: Clinic) -> Run:
    made = started_run(clinic)
    loss = losses()
    for seq, first in enumerate(range(0, NUM_STEPS, BATCH_STEPS)):
        steps = np.arange(first, first + BATCH_STEPS, dtype=np.int32)
        found = loss[first : first + BATCH_STEPS]
        chunk = TelemetryChunk(
            steps_n=steps,
            scalars={
                **dict.fromkeys(SCALARS, np.ones_like(found)),
                "loss": found,
                "elapsed_s": (steps * 0.01).astype(np.float32),
            },
            tensors={"grad_norm": np.stack([found * i for i in (1, 2, 3)], axis=1)},
        )
        score = ScalarReading(step=first, quantity="mse", scope=Scope.parse("train"), value=1.0)
        batch = ReadingBatch(chunk=chunk, readings=(score,), progress_step=first + BATCH_STEPS)
        record(clinic, made, seq=seq, batch=batch)
    return made


def history(client: httpx.Client, run: Run, **asked: Any) -> dict[str, Any]:
    answer = client.get(path_of(run.id, "history"), params=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_an_overview_is_exact_but_for_percentiles(client: httpx.Client, run: Run) -> None:
    body = history(client, run, quantity="loss")

    [series] = body["series"]
    stats, loss = series["stats"], losses()
    finite = loss[np.isfinite(loss)].astype(np.float64)
    assert (body["method"], body["num_readings"]) == ("extrema", NUM_STEPS)
    assert (body["first_step"], body["last_step"]) == (0, NUM_STEPS - 1)
    assert len(series["steps"]) <= 1002
    assert {0, 123, 222_222, 299_998, 299_999} <= set(series["steps"])
    assert series["non_finite"] == [
        {"step": 222_222, "value": "nan"},
        {"step": 299_998, "value": "-inf"},
    ]
    assert (stats["count"], stats["num_finite"]) == (NUM_STEPS, NUM_STEPS - 2)
    assert stats["mean"] == pytest.approx(finite.mean(), rel=1e-12)
    assert (stats["max"], stats["min"]) == (1e20, float(str(np.float32(finite.min()))))
    assert 0 < stats["percentile_error"] < 0.01
    for name, percent in (("p10", 10), ("p50", 50), ("p90", 90), ("p99", 99)):
        exact = np.percentile(finite, percent)
        assert stats[name] == pytest.approx(exact, rel=stats["percentile_error"])


def test_a_zoom_is_exact(client: httpx.Client, run: Run) -> None:
    body = history(client, run, quantity="loss", from_step=150_001, to_step=250_000)

    [series] = body["series"]
    found = losses()[150_001:250_001]
    finite = found[np.isfinite(found)].astype(np.float64)
    assert body["num_readings"] == 100_000
    assert series["stats"]["percentile_error"] == 0
    assert series["stats"]["p90"] == pytest.approx(np.percentile(finite, 90), rel=1e-12)
    assert [one["step"] for one in series["non_finite"]] == [222_222]


def test_tensors_and_scores_stand_beside_it_on_every_axis(client: httpx.Client, run: Run) -> None:
    quantities = ["grad_norm", "mse"]
    tensor = f"tensor:{TENSORS[2]}"

    for x in ("step", "elapsed_s", "time"):
        asked = {"quantity": quantities, "scope": [tensor, "train"], "x": x}
        norm, score = history(client, run, **asked)["series"]

        assert norm["stats"]["max"] == pytest.approx(3e20)
        assert score["steps"] == list(range(0, NUM_STEPS, BATCH_STEPS))
        assert len(norm["x"]) == len(norm["steps"])
        if x == "elapsed_s":
            assert norm["x"] == pytest.approx([step * 0.01 for step in norm["steps"]])
            assert score["x"] == pytest.approx([step * 0.01 for step in score["steps"]])
        if x == "time":
            assert norm["x"] == sorted(norm["x"])


def test_the_whole_run_is_exported_a_page_at_a_time(
    clinic: Clinic, run: Run, client: httpx.Client
) -> None:
    engine = clinic.app.state.resources.engine
    query = HistoryQuery(quantities=["loss"])
    with unit_of_work(engine) as work:
        plan = plan_history(work, workspace_id=run.workspace_id, run_id=run.id, query=query)

    tracemalloc.start()
    header, *pages = (_values(part) for part in csv_parts(export_blocks(engine, plan)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert header.size == 0
    np.testing.assert_array_equal(np.concatenate(pages), losses())
    assert peak < 10e6


@pytest.mark.parametrize(("parts_of", "most_bytes"), [(arrow_parts, 2e6), (parquet_parts, 5e6)])
def test_arrow_and_parquet_are_made_in_bounded_memory(
    clinic: Clinic,
    run: Run,
    parts_of: Callable[[Iterable[Block]], Iterator[bytes]],
    most_bytes: float,
) -> None:
    engine = clinic.app.state.resources.engine
    query = HistoryQuery(quantities=["loss", "grad_norm"])
    with unit_of_work(engine) as work:
        plan = plan_history(work, workspace_id=run.workspace_id, run_id=run.id, query=query)
    before, most_allocated, sizes = pa.total_allocated_bytes(), 0, []

    for part in parts_of(export_blocks(engine, plan)):
        sizes.append(len(part))
        most_allocated = max(most_allocated, pa.total_allocated_bytes() - before)

    assert sum(sizes) > 2 * NUM_STEPS * 4
    assert max(sizes) < most_bytes
    assert most_allocated < 30e6


def _values(block: str) -> np.ndarray:
    words = [line.rpartition(",")[2] for line in block.splitlines()]
    return np.array([word for word in words if word != "value"], dtype=np.float32)


def test_an_export_of_points_has_those_of_the_answer(client: httpx.Client, run: Run) -> None:
    asked: dict[str, str | int] = {"quantity": "loss", "max_points": 100}
    [series] = history(client, run, **asked)["series"]

    answer = client.get(path_of(run.id, "history"), params=asked, headers={"Accept": "text/csv"})

    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [int(row["step"]) for row in rows] == series["steps"]
    assert all(row["recorded_at"].endswith("Z") for row in rows)


@pytest.fixture
def statements(clinic: Clinic) -> Iterator[list[str]]:
    engine = clinic.app.state.resources.engine
    found: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "part",
    [
        "history",
        "history?lineage=true",
        "gradient-flow",
        "dynamics",
        "diagnosis?vanishing_gradient.max_ratio=0.02",
    ],
)
def test_what_has_not_changed_is_answered_from_the_version_alone(
    client: httpx.Client, run: Run, statements: list[str], part: str
) -> None:
    etag = client.get(path_of(run.id, part)).headers["ETag"]
    statements.clear()

    answer = client.get(path_of(run.id, part), headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    tables = {word for one in statements for word in re.findall(r"FROM (\w+)", one)}
    assert tables <= {"runs", "api_keys", "workspaces"}


def test_many_series_are_read_in_the_order_of_the_query(client: httpx.Client, run: Run) -> None:
    quantities = ["loss", *sorted({*SCALARS} - {"loss"}), "grad_norm"]
    scopes = ["model", *(f"tensor:{name}" for name in TENSORS)]

    found = history(client, run, quantity=quantities, scope=scopes)["series"]

    assert [one["quantity"] for one in found if one["scope"] == "model"] == quantities[:-1]
    assert {one["stats"]["count"] for one in found if one["quantity"] == "loss"} == {NUM_STEPS}
    norms = [one["stats"]["max"] for one in found if one["quantity"] == "grad_norm"]
    assert norms == pytest.approx([1, 1e20, 2e20, 3e20])


def test_an_overview_reads_few_rows(clinic: Clinic, client: httpx.Client, run: Run) -> None:
    engine = clinic.app.state.resources.engine
    counts: list[int] = []

    def note(_conn: object, cursor: Any, *_: object) -> None:
        counts.append(cursor.rowcount)

    event.listen(engine, "after_cursor_execute", note)
    history(client, run, quantity=["loss", "grad_norm"])
    event.remove(engine, "after_cursor_execute", note)

    # 300,000 steps are 9 windows of 2 ** 15 steps, at most 31 of 1,024 steps and a few chunks
    assert sum(counts) < 2 * (9 + 31) + 20


@pytest.mark.alone
@pytest.mark.parametrize(
    ("part", "limit_s"),
    [
        ("history", 0.3),
        ("history?from_step=150001&to_step=250000", 0.5),
        ("diagnosis?exploding_gradient.spike_factor=50", 1.0),
    ],
)
def test_a_long_run_is_answered_in_a_moment(
    client: httpx.Client, run: Run, part: str, limit_s: float
) -> None:
    times_s = []
    for _ in range(11):
        began = time.perf_counter()
        assert client.get(path_of(run.id, part)).status_code == 200
        times_s.append(time.perf_counter() - began)

    # 20 to 50 ms and 0.3 s on an idle machine
    assert median(times_s) < limit_s


def test_ten_overviews_at_once_take_little_memory(clinic: Clinic, run: Run) -> None:
    def read(_number: int) -> int:
        with unit_of_work(clinic.app.state.resources.engine) as work:
            found = read_history(
                work,
                workspace_id=run.workspace_id,
                run_id=run.id,
                query=HistoryQuery(quantities=["loss", "grad_norm"]),
                max_points=1000,
            )
        return found.excerpts[0].count

    tracemalloc.start()
    with ThreadPoolExecutor(10) as readers:
        counts = set(readers.map(read, range(10)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert counts == {NUM_STEPS}
    # one of ten that read all readings would take 5 MB for its arrays alone
    assert peak < 10e6


def test_another_query_of_the_same_run_has_another_etag(client: httpx.Client, run: Run) -> None:
    paths = ("history?max_points=10", "history?max_points=20", "history?max_points=10&x=time")

    tags = {client.get(path_of(run.id, path)).headers["ETag"] for path in paths}

    assert len(tags) == 3


def test_a_gradient_flow_of_many_probes_and_lags_is_bounded(
    clinic: Clinic, client: httpx.Client
) -> None:
    made = started_run(clinic)
    logs_T = np.linspace(0, -30, 5000)
    for seq in range(60):
        profile = a_profile(step=seq)
        curves = {name: logs_T for name in vars(profile) if name.startswith("log_norm")} | {
            "num_anchors_T": np.ones(5000, dtype=np.int32)
        }
        readings = (type(profile)(**{**vars(profile), **curves}),)
        record(clinic, made, seq=seq, batch=ReadingBatch(readings=readings))

    answer = client.get(path_of(made.id, "gradient-flow"))
    narrow = client.get(path_of(made.id, "gradient-flow?from_step=20&to_step=21"))

    [layer] = answer.json()["layers"]
    assert len(answer.content) < 2_500_000
    assert (layer["steps"][0], layer["steps"][-1], len(layer["steps"])) == (0, 59, 8)
    assert (layer["lags"][0], layer["lags"][-1], len(layer["lags"])) == (0, 4999, 2000)
    assert {len(row) for row in layer["log10_norm"]} == {2000}
    assert narrow.json()["layers"][0]["steps"] == [20, 21]
