"""What is stored, with defaults: a test names only what matters to it."""

import hashlib
import io
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import (
    Cause,
    Diagnosis,
    DiagnosisVerdict,
    Evidence,
    Finding,
    FindingState,
    Impact,
    NotAssessed,
    RankedCause,
    Severity,
)
from app.domain.quantities import PER_TENSOR, SCALARS
from app.domain.runs import Run, StopReason
from app.domain.scopes import Scope
from app.domain.specs.job import JobSpec
from app.domain.telemetry import (
    Horizon,
    LagProfile,
    LagRatio,
    PositionProfile,
    Reading,
    ReadingBatch,
    TelemetryChunk,
)
from app.store.attempts import find_held
from app.store.cases import load_case
from app.store.claims import begin, claim_row, finish
from app.store.datasets import Content
from app.store.diagnoses import save_diagnosis
from app.store.ids import new_id
from app.store.runs import insert_run
from app.store.tables import runs
from app.store.workers import register
from tests.domain.builders import job, profile, task

TENSORS = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "readout.weight")
CPU = ("cpu",)
LEASE_S = 60.0


def content_of(data: bytes) -> Content:
    return Content(file=io.BytesIO(data), num_bytes=len(data), sha256=hashlib.sha256(data).digest())


def queued_run(
    session: Session,
    workspace_id: UUID,
    *,
    spec: JobSpec | None = None,
    name: str = "a run",
    tags: Collection[str] = (),
    notes: str = "",
    priority: int = 0,
    expected_memory_bytes: int = 0,
) -> Run:
    return insert_run(
        session,
        workspace_id=workspace_id,
        spec=spec or job(),
        name=name,
        tags=tuple(tags),
        notes=notes,
        priority=priority,
        expected_memory_bytes=expected_memory_bytes,
    )


def a_worker(
    session: Session,
    *,
    devices: Collection[str] = CPU,
    slots: int = 2,
    memory_bytes: Sequence[int] = (),
) -> UUID:
    worker_id = new_id()
    register(
        session,
        worker_id=worker_id,
        host="here",
        pid=1,
        devices=tuple(devices),
        slots=slots,
        threads_per_run=1,
        release="1",
        device_memory_bytes=memory_bytes,
    )
    return worker_id


def claimed_run(
    session: Session, workspace_id: UUID, *, spec: JobSpec | None = None, lease_s: float = LEASE_S
) -> Run:
    """A running run whose training has begun."""
    return claimed(session, queued_run(session, workspace_id, spec=spec).id, lease_s=lease_s)


def claimed(session: Session, run_id: UUID, *, lease_s: float = LEASE_S) -> Run:
    """A queued run as a running one, whatever waits beside it."""
    row = session.execute(select(runs).where(runs.c.id == run_id)).mappings().one()
    run = claim_row(session, row, worker_id=a_worker(session), lease_s=lease_s)
    assert run is not None
    begin(
        session,
        run_id=run.id,
        attempt=run.attempt,
        task=task(),
        tensor_names=TENSORS,
        device="cpu",
    )
    return run


def end(session: Session, run: Run, stop_reason: StopReason = StopReason.COMPLETED) -> None:
    """Diagnoses and ends a running run, all in the test's own transaction."""
    held = find_held(session, run_id=run.id, attempt=run.attempt)
    diagnosis = diagnose(load_case(session, held, stop_reason=stop_reason))
    save_diagnosis(session, run_id=run.id, attempt=run.attempt, diagnosis=diagnosis)
    finish(session, run_id=run.id, attempt=run.attempt, stop_reason=stop_reason)


def a_chunk(*, first_step: int = 0, num_steps: int = 4, seed: int = 0) -> TelemetryChunk:
    random = np.random.default_rng(seed)
    return TelemetryChunk(
        steps_n=np.arange(first_step, first_step + num_steps, dtype=np.int32),
        scalars={name: random.random(num_steps, dtype=np.float32) for name in SCALARS},
        tensors={
            name: random.random((num_steps, len(TENSORS)), dtype=np.float32) for name in PER_TENSOR
        },
    )


def a_batch(
    *,
    first_step: int = 0,
    num_steps: int = 4,
    readings: tuple[Reading, ...] = (),
) -> ReadingBatch:
    return ReadingBatch(
        chunk=a_chunk(first_step=first_step, num_steps=num_steps),
        readings=readings,
        progress_step=first_step + num_steps,
        steps_per_second=100.0,
    )


def a_profile(*, step: int = 0, scope: str = "model", is_full: bool = True) -> LagProfile:
    logs_T = np.array([0.0, -1.5, -745.2, -np.inf])
    return replace(
        profile(step, scope=scope),
        log_norm_T=logs_T,
        num_anchors_T=np.array([8, 8, 7, 6], dtype=np.int32),
        log_norm_hidden_T=logs_T - 1 if is_full else None,
        log_norm_cell_T=logs_T - 2 if is_full else None,
        log_norm_scaled_T=logs_T - 3 if is_full else None,
        log_norm_median_T=logs_T - 4 if is_full else None,
        underflowed=True,
        shape="exponential" if is_full else "undetermined",
        decay_rate=-0.25 if is_full else None,
        decay_rate_interval=(-0.3, -0.2) if is_full else None,
        fit_lags=(1, 3) if is_full else None,
        entry_ratio=0.5 if is_full else None,
        horizon=Horizon(value=1, first_below=2, censored=False, threshold=0.01, interval=(1, 2)),
        ratio_at_required_lag=(
            LagRatio(lag=3, value=1e-187, interval=(0.0, 1e-180)) if is_full else None
        ),
    )


def a_position(*, step: int = 0, scope: str = "layer:0", has_cell: bool = True) -> PositionProfile:
    logs_T = np.array([-np.inf, -1.5, np.nan, 5e-324])
    return PositionProfile(
        step=step,
        scope=Scope.parse(scope),
        layer=0,
        direction="reverse" if scope.endswith("reverse") else "forward",
        log_hidden_T=logs_T,
        log_immediate_T=logs_T - 1,
        log_cell_T=logs_T - 2 if has_cell else None,
        num_sequences_T=np.array([8, 8, 7, 6], dtype=np.int32),
    )


A_CAUSE = Cause(
    code="contractive_recurrence",
    family="short_memory",
    probability=0.6,
    evidence={"spectral_radius": 0.7},
    leaves=(RankedCause(code="contractive_recurrence", probability=0.6),),
)


def a_finding(
    *,
    code: str = "vanishing_gradient",
    state: FindingState = FindingState.ACTIVE,
    evidence: Evidence | None = None,
) -> Finding:
    return Finding(
        code=code,
        state=state,
        impact=Impact.BLOCKING,
        severity=Severity.CRITICAL,
        confidence=0.9,
        first_step=10,
        last_step=20,
        threshold={"vanishing_gradient.max_ratio": 0.01},
        evidence=evidence or {"gradient_horizon_timesteps": 3},
        cause=A_CAUSE,
        explanation="The gradient dies. It does not reach.",
    )


def a_diagnosis(*findings: Finding, attempt: int = 1, final: bool = False) -> Diagnosis:
    return Diagnosis(
        attempt=attempt,
        as_of_step=20,
        final=final,
        rules_version="1",
        verdict=DiagnosisVerdict.SICK if findings else DiagnosisVerdict.HEALTHY,
        summary="As it is.",
        findings=findings,
        not_assessed=(NotAssessed(code="non_finite", reason="no readings"),),
        causes=(A_CAUSE,) if findings else (),
    )
