"""Runs with readings behind the API, written as a worker writes them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.domain.quantities import PER_TENSOR, SCALARS
from app.domain.runs import Run, StopReason
from app.domain.specs.job import JobSpec
from app.domain.telemetry import Reading, ReadingBatch, TelemetryChunk
from app.services.accounts.authenticate import authenticate
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.store.database import unit_of_work
from app.store.telemetry import append_batch
from tests.api.conftest import Clinic
from tests.api.installation import SECRET
from tests.store.builders import TENSORS, claimed_run

Losses = Sequence[float] | NDArray[np.float32]


@contextmanager
def session_of(clinic: Clinic) -> Iterator[Session]:
    with unit_of_work(clinic.app.state.resources.engine) as work:
        yield work.session


def started_run(clinic: Clinic, spec: JobSpec | None = None) -> Run:
    """A running run of the first workspace."""
    with unit_of_work(clinic.app.state.resources.engine) as work:
        caller = authenticate(work, secret=SECRET, key=clinic.key)
        return claimed_run(work.session, caller.workspace_id, spec=spec)


def record(clinic: Clinic, run: Run, *, seq: int, batch: ReadingBatch) -> None:
    with session_of(clinic) as session:
        append_batch(session, run_id=run.id, attempt=run.attempt, seq=seq, batch=batch)


def finish(
    clinic: Clinic,
    run: Run,
    stop_reason: StopReason = StopReason.COMPLETED,
    *,
    error: str | None = None,
) -> None:
    end = AttemptEnd(run_id=run.id, attempt=run.attempt, stop_reason=stop_reason, error=error)
    finish_run(clinic.app.state.resources.engine, end)


def chunk(loss: Losses, *, first_step: int = 0) -> TelemetryChunk:
    """Consecutive steps whose losses a test names; a step takes 10 ms."""
    count = len(loss)
    steps = np.arange(first_step, first_step + count, dtype=np.int32)
    ones = np.ones(count, dtype=np.float32)
    tensors = np.arange(count * len(TENSORS), dtype=np.float32).reshape(count, len(TENSORS))
    return TelemetryChunk(
        steps_n=steps,
        scalars={
            **dict.fromkeys(SCALARS, ones),
            "loss": np.array(loss, dtype=np.float32),
            "non_finite_count": np.zeros(count, dtype=np.float32),
            "elapsed_s": (steps * 0.01).astype(np.float32),
        },
        tensors=dict.fromkeys(PER_TENSOR, tensors),
    )


def batch_of(
    loss: Losses = (),
    *,
    first_step: int = 0,
    readings: tuple[Reading, ...] = (),
) -> ReadingBatch:
    return ReadingBatch(
        chunk=chunk(loss, first_step=first_step) if len(loss) else None,
        readings=readings,
        progress_step=first_step + len(loss),
    )


def path_of(run_id: UUID, part: str) -> str:
    return f"/v1/runs/{run_id}/{part}"
