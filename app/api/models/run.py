"""Views of a run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

import numpy as np
from pydantic import Field, JsonValue

from app.api.models.metrics_by import MetricsByView, view_metrics_by
from app.api.models.view import View
from app.domain.runs import Run, RunPurpose, RunStatus, StopReason
from app.domain.scopes import SPLITS
from app.domain.series import shortest_decimals
from app.domain.skill import skill_of
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.services.telemetry.sparklines import SmallCurve


class ParentView(View):
    run_id: UUID
    step: int | None


class LineageView(View):
    """Which run led to a run, and what for."""

    parent: UUID | None
    """The run whose remedy or cause is tried; null when it was deleted."""
    purpose: RunPurpose
    """`control`: the untreated run of a trial with another seed. `remedy`: a run with a remedy.
    `experiment`: a run whose result tells two causes apart."""
    remedy: str | None
    """Kind of the remedy; null where none is tried."""


class ProgressView(View):
    step: int
    """Optimizer steps done."""
    num_steps: int
    steps_per_second: float | None
    eta_s: float | None
    """Remaining seconds at the present speed; null unless the run is running."""


class MetricsView(View):
    train: dict[str, float | None]
    validation: dict[str, float | None]
    test: dict[str, float | None]


class BestView(View):
    step: int
    metric: str
    value: float | None


class ScoresView(View):
    """One number for each split; null where it is unknown or not finite."""

    train: float | None = None
    validation: float | None = None
    test: float | None = None


class BaselineView(View):
    name: str
    """For example `naive`, `predict_mean`, `predict_median`, `majority_class`."""
    metric: str
    """The metric of its scores, in the units of the data."""
    value: float | None
    """Its score on the validation split, or on the first other one if there is none."""
    scores: ScoresView
    """Its scores on the same rows of each split that the model is scored on."""


class ReferenceView(View):
    name: str
    """`lags`, `statistics`, `reservoir` or `n_grams`: the model with the best validation score."""
    metric: str
    """The metric of its scores, in the units of the data."""
    scores: ScoresView
    """Its scores on the same rows of each split that the model is scored on."""
    source: str
    """Its formula, and what it was fitted to."""
    nonlinear_score: float | None
    """The best validation score of a nonlinear model, in the metric of `task.metric`."""
    are_residuals_white: bool | None
    """Whether its residuals on the validation part of a forecast are white noise; null for other
    tasks, and where there are too few."""


class ProbesView(View):
    share: float | None
    """Fraction of the wall time that probes have taken."""
    seconds: float | None
    """Seconds that probes have taken."""


class DiagnosisSummary(View):
    verdict: str | None
    """healthy, at_risk, sick or undetermined; null before the first diagnosis."""
    codes: list[str]
    final: bool
    summary: str | None = None
    """The reason in words; null unless a list was asked with `include=verdict`."""


class SparklineView(View):
    """A small curve: points that keep the extrema."""

    steps: list[int]
    values: list[float | None]
    """Null where it is not finite."""


class SparklinesView(View):
    loss: SparklineView | None = None
    grad_norm: SparklineView | None = None
    """Before clipping."""


class RunLinks(View):
    self: str
    history: str
    gradient_flow: str
    diagnosis: str
    events: str
    artifacts: str
    predict: str
    """`POST` rows there once the run has ended with weights."""
    cancel: str


class RunView(View):
    """A run: its job spec, its progress and its results."""

    id: UUID
    name: str
    tags: list[str]
    notes: str
    status: RunStatus
    stop_reason: StopReason | None
    completed_as_asked: bool | None
    """False where it diverged, timed out, failed, was cancelled, or was stopped at a critical
    finding; null until it has ended."""
    error: str | None
    """One sentence for people where the run failed."""
    waiting_for: str | None
    """What a queued run waits for. `database`: a running run waits until the database accepts its
    readings. Null where nothing prevents its start or its training."""
    cancel_requested_at: datetime | None
    spec: JobSpec
    attempt: int
    """How many times a worker has claimed the run."""
    is_continued_bitwise: bool | None
    """Null until the run continues from a checkpoint. False where the machine, the libraries or the
    number of threads then differed, so that the results may differ in their last bits."""
    parent: ParentView | None
    lineage: LineageView | None
    """Null unless the run was made to try a remedy or a cause of its parent."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    telemetry_dropped_at: datetime | None
    """When its readings were deleted because of their age; null where they were not."""
    progress: ProgressView
    metrics: MetricsView
    metrics_by: MetricsByView | None
    """The metrics by horizon, series and class. Null until the run has ended, and in lists."""
    best: BestView | None
    baseline: BaselineView | None
    """A trivial predictor that the model must beat."""
    reference: ReferenceView | None
    """The best of a few simple models that were fitted to the training part, as a score that the
    data allows. Null before a worker has fitted them, where `task.attainable` holds the best
    possible score, and where `task.notes` says that they could not be fitted."""
    skill: ScoresView
    """The metric of each split over the baseline of the same split. 0: no better than the baseline.
    1: perfect. It is 1 - score / baseline for a metric that is minimised, and
    (score - baseline) / (1 - baseline) for one that is maximised. Null where the split has not been
    scored, or the baseline is perfect."""
    task: TaskFacts | None
    """Facts about the data; null until a worker has prepared it."""
    probes: ProbesView
    device: str | None
    diagnosis: DiagnosisSummary
    links: RunLinks
    sparklines: SparklinesView | None = None
    """Null unless a list was asked with `include=sparklines`."""


class RunPage(View):
    items: list[RunView]
    next: str | None = Field(examples=["/v1/runs?limit=50&cursor=WyIyMDI2…"])
    """URL of the next page; null on the last page."""


def view_run(
    run: Run,
    *,
    waiting_for: str | None,
    score_details: Mapping[str, Mapping[str, JsonValue]] = MappingProxyType({}),
) -> RunView:
    return RunView.of(
        run,
        waiting_for=waiting_for,
        parent=_view_parent(run),
        lineage=_view_lineage(run),
        progress=view_progress(run),
        metrics=_view_metrics(run),
        metrics_by=view_metrics_by(score_details),
        baseline=run.task and run.task.baseline_in_units,
        reference=run.task and _view_reference(run.task),
        skill=ScoresView.model_validate(skill_of(run.task, run.metrics)),
        probes=ProbesView(share=run.probe_share, seconds=run.probe_seconds),
        diagnosis=DiagnosisSummary(
            verdict=run.verdict, codes=list(run.finding_codes), final=run.is_diagnosis_final
        ),
        links=_links(run.id),
        sparklines=None,
    )


def _view_parent(run: Run) -> ParentView | None:
    if run.parent_run_id is None:
        return None
    return ParentView(run_id=run.parent_run_id, step=run.parent_step)


def _view_lineage(run: Run) -> LineageView | None:
    if run.purpose is None:
        return None
    return LineageView(parent=run.parent_run_id, purpose=run.purpose, remedy=run.remedy)


def _view_reference(task: TaskFacts) -> ReferenceView | None:
    reference, metric = task.reference, task.metric_in_units
    if reference is None:
        return None
    scores = {split: reference.score_on(split, metric) for split in SPLITS}
    return ReferenceView.of(reference, metric=metric, scores=ScoresView(**scores))


def view_progress(run: Run) -> ProgressView:
    num_steps = run.spec.training.num_steps
    is_moving = run.status is RunStatus.RUNNING and bool(run.steps_per_second)
    return ProgressView(
        step=run.progress_step,
        num_steps=num_steps,
        steps_per_second=run.steps_per_second,
        eta_s=(num_steps - run.progress_step) / (run.steps_per_second or 1) if is_moving else None,
    )


def _view_metrics(run: Run) -> MetricsView:
    splits = {split: dict(run.metrics.get(split, {})) for split in MetricsView.model_fields}
    return MetricsView(**splits)


def _links(run_id: UUID) -> RunLinks:
    path = f"/v1/runs/{run_id}"
    return RunLinks(
        self=path,
        history=f"{path}/history",
        gradient_flow=f"{path}/gradient-flow",
        diagnosis=f"{path}/diagnosis",
        events=f"{path}/events",
        artifacts=f"{path}/artifacts",
        predict=f"{path}/predict",
        cancel=f"{path}/cancel",
    )


def view_sparklines(curves: Sequence[SmallCurve]) -> SparklinesView:
    return SparklinesView(**{one.quantity: _view_sparkline(one) for one in curves})


def _view_sparkline(curve: SmallCurve) -> SparklineView:
    finite_p = np.isfinite(curve.values_p)
    decimals = shortest_decimals(curve.values_p)
    return SparklineView(
        steps=curve.steps_p.tolist(),
        values=[value if ok else None for value, ok in zip(decimals, finite_p, strict=True)],
    )
