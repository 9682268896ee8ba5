"""Values of the domain with keyword defaults: a test names only what matters to it.

The tests of every layer build specs, tasks, runs, readings, telemetry and cases here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.scopes import Scope
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import merge_patch
from app.domain.task import Baseline, LagSource, MetricMode, RequiredLag, TaskFacts
from app.domain.telemetry import (
    DoubleArray,
    Horizon,
    LagProfile,
    LagRatio,
    ScalarReading,
    Telemetry,
)

FLOOR = 1 / 6
LENGTH = 200
ELMAN: Mapping[str, JsonValue] = {
    "model": {"kind": "elman"},
    "dataset": {"kind": "adding", "length": LENGTH},
}


def job(**patch: JsonValue) -> JobSpec:
    return JobSpec.model_validate(merge_patch(ELMAN, patch))


_RUN = Run(
    id=UUID(int=1),
    workspace_id=UUID(int=2),
    name="",
    tags=(),
    notes="",
    spec=job(),
    status=RunStatus.RUNNING,
    stop_reason=None,
    error=None,
    attempt=1,
    version=1,
    priority=0,
    crash_count=0,
    cancel_requested_at=None,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    started_at=None,
    ended_at=None,
    progress_step=0,
    steps_per_second=None,
    metrics={},
    best=None,
    task=None,
    device=None,
    worker_id=None,
    tensor_names=(),
    probe_share=None,
    probe_seconds=None,
    verdict=None,
    finding_codes=(),
    is_diagnosis_final=False,
    parent_run_id=None,
    parent_step=None,
)


def run(**changes: Any) -> Run:
    """A run that was claimed and has not done a step yet."""
    return replace(_RUN, **changes)


def task(
    *,
    lag: int | None = LENGTH - 1,
    source: LagSource = LagSource.TASK,
    has_baseline: bool = True,
    floor: float = FLOOR,
    metric: str = "mse",
    **changes: Any,
) -> TaskFacts:
    """The adding problem of 200 timesteps; `changes` are fields of TaskFacts."""
    mean = Baseline(
        name="predict_mean", metric=metric, value=floor, source="variance of the target"
    )
    usual: dict[str, Any] = {
        "mode": MetricMode.MINIMISE,
        "attainable": 0.0,
        "length": LENGTH,
        "input_size": 2,
        "output_size": 1,
        "many_to_one": True,
    }
    return TaskFacts(
        metric=metric,
        baselines=(mean,) if has_baseline else (),
        required_lag=RequiredLag(timesteps=lag, source=source),
        **(usual | changes),
    )


def profile(
    step: int,
    *,
    ratio: float | None = 1e-20,
    interval: tuple[float, float] | None = None,
    horizon: int = 10,
    decay_rate: float = -0.2,
    log_rise: float | None = None,
    scope: str = "model",
) -> LagProfile:
    slope = decay_rate if log_rise is None else log_rise / (LENGTH - 1)
    log_norm_T = np.full(LENGTH, 0.0)
    log_norm_T[1:] = slope * np.arange(1, LENGTH)
    known = None
    if ratio is not None:
        ends = interval or (ratio / 2, ratio * 2)
        known = LagRatio(lag=LENGTH - 1, value=ratio, interval=ends)
    return LagProfile(
        step=step,
        scope=Scope.parse(scope),
        layer=0,
        direction="forward",
        path="total",
        log_norm_T=log_norm_T,
        num_anchors_T=np.full(LENGTH, 128, dtype=np.int32),
        underflowed=False,
        cotangent="loss",
        shape="exponential",
        decay_rate=decay_rate,
        decay_rate_interval=(decay_rate, decay_rate),
        fit_lags=(5, 150),
        entry_ratio=0.9,
        horizon=Horizon(
            value=horizon,
            first_below=horizon + 1,
            censored=horizon >= LENGTH - 1,
            threshold=0.01,
            interval=(horizon, horizon),
        ),
        ratio_at_required_lag=known,
    )


def scores(
    values: Mapping[int, float], *, metric: str = "mse", split: str = "validation"
) -> tuple[ScalarReading, ...]:
    return tuple(
        ScalarReading(step=step, quantity=metric, scope=Scope.parse(split), value=value)
        for step, value in values.items()
    )


def reading(quantity: str, scope: str, value: float, *, step: int = 100) -> ScalarReading:
    return ScalarReading(step=step, quantity=quantity, scope=Scope.parse(scope), value=value)


def probe_readings(
    quantity: str, values: Sequence[float], *, every: int = 100
) -> tuple[ScalarReading, ...]:
    """Readings of the whole model at every so many steps, from step 0 on."""
    return tuple(
        reading(quantity, "model", value, step=every * place) for place, value in enumerate(values)
    )


def telemetry(
    *,
    num_steps: int = 1000,
    loss: Sequence[float] | DoubleArray | float = 0.2,
    grad_norm: Sequence[float] | DoubleArray | float = 0.3,
    clip_coefficient: Sequence[float] | DoubleArray | float = 1.0,
    update_ratio: float = 1e-3,
    weight_norm: Sequence[float] | DoubleArray | float | None = 10.0,
    readings: Sequence[ScalarReading] = (),
    profiles: Sequence[LagProfile] = (),
) -> Telemetry:
    def column(values: Sequence[float] | DoubleArray | float) -> np.ndarray:
        return np.broadcast_to(np.asarray(values, dtype=np.float32), (num_steps,)).copy()

    tensors = {} if weight_norm is None else {"weight_norm": column(weight_norm)[:, None]}
    return Telemetry(
        steps_n=np.arange(num_steps, dtype=np.int32),
        scalars={
            "loss": column(loss),
            "grad_norm": column(grad_norm),
            "clip_coefficient": column(clip_coefficient),
            "update_ratio": column(update_ratio),
        },
        tensor_names=("all",) if tensors else (),
        tensors=tensors,
        scalar_readings=tuple(readings),
        profiles=tuple(profiles),
    )


def case(
    *,
    spec: JobSpec | None = None,
    facts: TaskFacts | None = None,
    seen: Telemetry | None = None,
    num_steps: int = 1000,
    stop_reason: StopReason | None = None,
) -> Case:
    """A run of 1000 steps on the adding problem, of which all is there unless a test says so."""
    return Case(
        spec=spec or job(training={"num_steps": num_steps}),
        task=facts or task(),
        telemetry=seen or telemetry(num_steps=num_steps),
        num_steps=num_steps,
        attempt=1,
        has_ended=stop_reason is not None,
        stop_reason=stop_reason,
    )
