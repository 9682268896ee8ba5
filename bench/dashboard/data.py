"""The generated database: ten thousand runs, and one of a million steps with a spike in it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, select, text

from app.domain.runs import StopReason
from app.domain.scopes import Scope
from app.domain.task import LagSource, spread_lag
from app.domain.telemetry import (
    FLUSH_EVERY_STEPS,
    Horizon,
    LagProfile,
    LagRatio,
    Reading,
    ReadingBatch,
    ScalarReading,
    TelemetryChunk,
)
from app.services.accounts.bootstrap import bootstrap
from app.services.accounts.create_key import create_key
from app.store.database import unit_of_work
from app.store.tables import workspaces
from app.store.telemetry import append_batch
from bench.dashboard.copies import Copy, copy_runs
from bench.long_run import LEASE_S, TASK, claimed_run, make_chunk
from worker.supervision.run_records import RunRecords

SECRET = "bench" * 8
NUM_STEPS = 1_000_000
NUM_PROBES = 500
NUM_LAGS = 800
NUM_RUNS = 10_000
#: Runs of the first pages of the list, which are long enough for their curves to be reduced.
NUM_RECENT = 120
RECENT_STEPS, SHORT_STEPS = 20_000, 100
#: The step of the long run whose loss and gradient norm are a thousand times as large.
SPIKE_STEP = 617_283
SPIKE_FACTOR = 1000.0
#: API keys, so that no limit of one key holds all viewers up.
NUM_KEYS = 10
LONG_TASK = TASK.model_copy(
    update={
        "length": NUM_LAGS,
        "required_lag": spread_lag(
            shortest=NUM_LAGS // 2,
            longest=NUM_LAGS - 1,
            source=LagSource.TASK,
            method="by definition",
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Generated:
    """What is in the database."""

    keys: Sequence[str]
    long_run: UUID


def generated(engine: Engine, note: Path) -> Generated:
    """Fills the database, once; `note` says what is in one that was filled before."""
    if note.exists():
        found = json.loads(note.read_text())
        return Generated(keys=found["keys"], long_run=UUID(found["long_run"]))
    keys = _make_keys(engine)
    _make_many_runs(engine)
    long_run = _make_long_run(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    made = Generated(keys=keys, long_run=long_run)
    note.write_text(json.dumps(asdict(made), default=str))
    return made


def _make_keys(engine: Engine) -> list[str]:
    with unit_of_work(engine) as work:
        bootstrap(work, secret=SECRET)
    with unit_of_work(engine) as work:
        owner = work.session.execute(select(workspaces.c.id)).scalar_one()
        made = [
            create_key(
                work,
                workspace_id=owner,
                name=f"viewer {i}",
                scopes=("runs:read", "runs:write"),
                secret=SECRET,
            )
            for i in range(NUM_KEYS)
        ]
    return [key.secret for key in made]


def write_steps(
    engine: Engine,
    run_id: UUID,
    chunks: Iterator[tuple[TelemetryChunk, tuple[Reading, ...]]],
    *,
    first_seq: int = 0,
) -> int:
    """Stores chunks with their readings as a worker does; returns how many."""
    seq = first_seq
    for chunk, readings in chunks:
        batch = ReadingBatch(
            chunk=chunk,
            readings=readings,
            progress_step=chunk.last_step + 1,
            steps_per_second=300.0,
            probe_seconds=1.0,
            elapsed_s=10.0,
        )
        with unit_of_work(engine) as work:
            append_batch(work.session, run_id=run_id, attempt=1, seq=seq, batch=batch)
        seq += 1
    return seq - first_seq


def end_run(engine: Engine, run_id: UUID) -> None:
    """Ends a run as its worker does, with a diagnosis."""
    records = RunRecords(engine=engine, run_id=run_id, attempt=1, lease_s=LEASE_S, max_crashes=3)
    records.finish(StopReason.COMPLETED, None)


def profiles_at(step: int, share: float, *, num_lags: int = NUM_LAGS) -> tuple[Reading, ...]:
    """Returns what a probe measures, at this share of the run: the gradient fades ever sooner."""
    rate = -0.002 - 0.04 * share
    lags = np.arange(num_lags, dtype=np.float64)
    log_norm = -3.0 + rate * lags + 0.1 * np.sin(lags / 7.0 + 20 * share)
    below = int(np.argmax(log_norm - log_norm[0] < np.log(0.01))) or None
    horizon = Horizon(
        value=num_lags - 1 if below is None else below - 1,
        first_below=below,
        censored=below is None,
        threshold=0.01,
        interval=(0.9 * (below or num_lags), 1.05 * (below or num_lags)),
    )
    ratio = float(np.exp(log_norm[-1] - log_norm[0]))
    profile = LagProfile(
        step=step,
        scope=Scope.model(),
        layer=0,
        direction="forward",
        path="total",
        log_norm_T=log_norm,
        num_anchors_T=np.full(num_lags, 32, dtype=np.int32),
        log_norm_median_T=log_norm - 0.1,
        underflowed=False,
        cotangent="loss",
        shape="exponential",
        decay_rate=rate,
        decay_rate_interval=(1.1 * rate, 0.9 * rate),
        fit_lags=(5, num_lags - 1),
        entry_ratio=1.0,
        horizon=horizon,
        ratio_at_required_lag=LagRatio(
            lag=num_lags - 1, value=ratio, interval=(0.5 * ratio, 2 * ratio)
        ),
    )
    layer = replace(profile, scope=Scope.layer(0), log_norm_scaled_T=log_norm - 1.0)
    within = replace(layer, path="within_layer")
    scalars = {"spectral_radius": 0.9 + 0.1 * share, "lyapunov_1": rate}
    return (
        *(profile, layer, within),
        *(
            ScalarReading(step=step, quantity=name, scope=Scope.layer(0), value=value)
            for name, value in scalars.items()
        ),
        ScalarReading(
            step=step, quantity="mse", scope=Scope.split("validation"), value=0.17 - 0.1 * share
        ),
    )


def chunks_of(
    num_steps: int,
    *,
    probe_every: int,
    num_lags: int,
    seed: int = 0,
    spike_at: int | None = None,
    first_step: int = 0,
    flush: int = FLUSH_EVERY_STEPS,
) -> Iterator[tuple[TelemetryChunk, tuple[Reading, ...]]]:
    """Yields the flushes of a run."""
    random = np.random.default_rng(seed)
    for first in range(first_step, first_step + num_steps, flush):
        end = min(first + flush, first_step + num_steps)
        chunk = make_chunk(random, first, end)
        if spike_at is not None and first <= spike_at < end:
            for name in ("loss", "grad_norm"):
                chunk.scalars[name][spike_at - first] *= SPIKE_FACTOR
        probed = [step for step in range(first, end) if step % probe_every == 0]
        readings = tuple(
            one
            for step in probed
            for one in profiles_at(step, step / max(1, num_steps), num_lags=num_lags)
        )
        yield chunk, readings


def _make_long_run(engine: Engine) -> UUID:
    run_id = claimed_run(engine, num_steps=NUM_STEPS, name="a million steps", task=LONG_TASK)
    every = NUM_STEPS // NUM_PROBES
    made = chunks_of(NUM_STEPS, probe_every=every, num_lags=NUM_LAGS, spike_at=SPIKE_STEP)
    write_steps(engine, run_id, made)
    end_run(engine, run_id)
    return run_id


def _make_many_runs(engine: Engine) -> None:
    """Writes a few runs, and copies their rows."""
    recent = [_template(engine, i, num_steps=RECENT_STEPS) for i in range(3)]
    short = [_template(engine, i, num_steps=SHORT_STEPS) for i in range(3)]
    num_short = NUM_RUNS - NUM_RECENT
    copies = [
        Copy(source=(short if i < num_short else recent)[i % 3], number=i) for i in range(NUM_RUNS)
    ]
    with unit_of_work(engine) as work:
        copy_runs(work.session, copies)


def _template(engine: Engine, index: int, *, num_steps: int) -> UUID:
    model = ("gru", "elman", "lstm")[index]
    run_id = claimed_run(engine, num_steps=num_steps, name="template", model=model)
    every = max(50, num_steps // 20)
    made = chunks_of(num_steps, probe_every=every, num_lags=TASK.length, seed=index)
    write_steps(engine, run_id, made)
    end_run(engine, run_id)
    return run_id
