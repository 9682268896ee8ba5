"""Writes runs through the store, in batches as a worker writes them, without training them."""

import time
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from app.domain.quantities import SCALARS
from app.domain.specs.job import JobSpec
from app.domain.task import MetricMode, TaskFacts
from app.domain.telemetry import FLUSH_EVERY_STEPS, FloatArray, ReadingBatch, TelemetryChunk
from app.services.accounts.bootstrap import bootstrap
from app.store.claims import begin, claim_row
from app.store.database import unit_of_work
from app.store.ids import new_id
from app.store.runs import insert_run
from app.store.tables import runs, workspaces
from app.store.telemetry import append_batch
from app.store.workers import register

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


def write_run(engine: Engine, *, num_steps: int, secret: str) -> tuple[str, UUID]:
    """Returns an API key and the run's id; prints how fast the readings were stored."""
    with unit_of_work(engine) as work:
        key = bootstrap(work, secret=secret)
    run_id = claimed_run(engine, num_steps=num_steps, name="long")
    random = np.random.default_rng(0)
    began = time.perf_counter()
    for seq, first in enumerate(range(0, num_steps, FLUSH_EVERY_STEPS)):
        chunk = make_chunk(random, first, min(first + FLUSH_EVERY_STEPS, num_steps))
        batch = ReadingBatch(chunk=chunk, progress_step=chunk.last_step + 1)
        with unit_of_work(engine) as work:
            append_batch(work.session, run_id=run_id, attempt=1, seq=seq, batch=batch)
    seconds = time.perf_counter() - began
    values = num_steps * (len(SCALARS) + 4 * len(TENSORS))
    print(f"written: {num_steps} steps in {seconds:.0f} s, {values / seconds / 1e6:.2f} M values/s")
    return key or "", run_id


def claimed_run(
    engine: Engine, *, num_steps: int, name: str, model: str = "gru", task: TaskFacts = TASK
) -> UUID:
    """Returns a run of the first workspace that a worker has claimed and begun."""
    spec = JobSpec.model_validate(
        {
            "model": {"kind": model},
            "dataset": {"kind": "adding", "length": task.length},
            "training": {"num_steps": num_steps},
        }
    )
    with unit_of_work(engine) as work:
        session = work.session
        workspace_id = session.execute(select(workspaces.c.id).limit(1)).scalar_one()
        run = insert_run(
            session,
            workspace_id=workspace_id,
            spec=spec,
            name=name,
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
        begin(session, run_id=run.id, attempt=1, task=task, tensor_names=TENSORS, device="cpu")
    return run.id


def make_chunk(random: np.random.Generator, first: int, end: int) -> TelemetryChunk:
    """Returns steps whose loss falls slowly; all other values vary around a constant."""
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
