"""Summaries of any range say what its readings say, with windows or without."""

from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.domain.runs import Run
from app.domain.telemetry import ReadingBatch, TelemetryChunk
from app.domain.windows.packing import pack
from app.domain.windows.window import summarise
from app.store.runs import find_run
from app.store.summaries import read_non_finite, read_summaries
from app.store.tables import runs, telemetry_windows
from app.store.telemetry import append_batch
from app.store.windows import SeriesKey
from tests.store.builders import claimed_run

LOSS = SeriesKey(column="loss")
SECOND = SeriesKey(column="tensor_grad_norm", tensor=1)
NUM_STEPS = 72_000


def values_of(steps_n: np.ndarray) -> np.ndarray:
    values_n = np.exp(np.cos(steps_n * 0.01)).astype(np.float32)
    values_n[steps_n % 1500 == 7] = np.nan
    values_n[(steps_n >= 40_000) & (steps_n < 45_000)] = np.inf
    return values_n


@pytest.fixture
def run(session: Session, workspace_id: UUID) -> Run:
    found = claimed_run(session, workspace_id)
    for seq, first in enumerate(range(0, NUM_STEPS, 6000)):
        steps_n = np.arange(first, first + 6000, dtype=np.int32)
        values_n = values_of(steps_n)
        chunk = TelemetryChunk(
            steps_n=steps_n,
            scalars={"loss": values_n},
            tensors={"grad_norm": np.stack([values_n, -values_n], axis=1)},
        )
        batch = ReadingBatch(chunk=chunk, progress_step=first + 6000)
        append_batch(session, run_id=found.id, attempt=1, seq=seq, batch=batch)
    return find_run(session, workspace_id, found.id)


@pytest.fixture(params=["with windows", "without windows"])
def windowed_steps(request: pytest.FixtureRequest, session: Session, run: Run) -> int:
    if request.param == "with windows":
        return run.windowed_steps
    session.execute(delete(telemetry_windows))
    session.execute(update(runs).values(windowed_steps=0))
    return 0


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, NUM_STEPS - 1), (0, 65_535), (1, 71_680), (1023, 1024), (5, 90), (70_000, 71_999)],
)
def test_a_summary_is_that_of_the_readings(
    session: Session, run: Run, windowed_steps: int, first: int, last: int
) -> None:
    found = read_summaries(
        session,
        run.id,
        [LOSS, SECOND],
        from_step=first,
        to_step=last,
        windowed_steps=windowed_steps,
    )

    steps_n = np.arange(first, last + 1, dtype=np.int32)
    values_n = values_of(steps_n)
    assert pack(found[LOSS].window) == pack(summarise(steps_n, values_n))
    assert pack(found[SECOND].window) == pack(summarise(steps_n, -values_n))
    outlines = found[LOSS].outlines
    assert outlines["count"].sum() == last - first + 1
    assert (outlines["first_step"][1:] == outlines["last_step"][:-1] + 1).all()
    assert (outlines["count"] <= 1024).all()


@pytest.mark.parametrize("limit", [3, 2000, 100_000])
def test_non_finite_readings_are_listed_up_to_the_limit(
    session: Session, run: Run, windowed_steps: int, limit: int
) -> None:
    first, last = 600, 71_900
    found = read_summaries(
        session, run.id, [LOSS], from_step=first, to_step=last, windowed_steps=windowed_steps
    )

    steps_k, kinds_k = read_non_finite(
        session, run.id, LOSS, found[LOSS], windowed_steps=windowed_steps, limit=limit
    )

    steps_n = np.arange(first, last + 1, dtype=np.int32)
    bad_n = ~np.isfinite(values_of(steps_n))
    assert steps_k.tolist() == steps_n[bad_n].tolist()[:limit]
    assert kinds_k.tolist() == [int(np.isinf(one)) for one in values_of(steps_k)]


def test_a_series_without_readings_has_no_summary(session: Session, run: Run) -> None:
    found = read_summaries(
        session,
        run.id,
        [SeriesKey(column="grad_norm")],
        from_step=0,
        to_step=NUM_STEPS,
        windowed_steps=run.windowed_steps,
    )

    assert found == {}
