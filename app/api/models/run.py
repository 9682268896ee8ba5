"""Views of a run."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from pydantic import Field, JsonValue

from app.api.models.metrics_by import MetricsByView, view_metrics_by
from app.api.models.rollbacks import RollbacksView
from app.api.models.run_links import RunLinks, links_of
from app.api.models.scores import (
    BaselineView,
    BestView,
    MetricsView,
    ReferenceView,
    ScoresView,
    view_metrics,
    view_reference,
)
from app.api.models.sparklines import SparklinesView
from app.api.models.view import Derived, View, shortened_document
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.skill import skill_of
from app.domain.specs.job import JobSpec
from app.domain.specs.lineage import RunPurpose
from app.domain.task import TaskFacts


class ParentView(View):
    """The run from which another one was forked."""

    run_id: UUID
    """The run that it was forked from."""
    step: int | None
    """The step at which it was forked; null for a run that repeats its parent from the start."""


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
    """How far a run is."""

    step: int
    """Optimizer steps done."""
    num_steps: int
    """Optimizer steps that the run was asked for."""
    steps_per_second: Derived | None
    """Present speed; null before it is known."""
    eta_s: Derived | None
    """Remaining seconds at the present speed; null unless the run is running."""


class ProbesView(View):
    """What probes cost."""

    share: Derived | None
    """Fraction of the wall time that probes have taken."""
    seconds: Derived | None
    """Seconds that probes have taken."""


class DiagnosisSummary(View):
    """A diagnosis in short."""

    verdict: str | None
    """healthy, at_risk, sick or undetermined; null before the first diagnosis."""
    codes: list[str]
    """Codes of the findings that are active."""
    final: bool
    """Whether the run has ended and this will not change."""
    summary: str | None = None
    """The reason in words; null unless a list was asked with `include=verdict`."""


class RunView(View):
    """A run: its job spec, its progress and its results."""

    id: UUID
    """Id of the run."""
    name: str
    """Name for people."""
    tags: list[str]
    """Labels to filter by."""
    notes: str
    """Free text."""
    status: RunStatus
    """Where the run is in its life."""
    stop_reason: StopReason | None
    """Why it ended; null until then."""
    completed_as_asked: bool | None
    """False where it diverged, timed out, failed, was cancelled, or was stopped at a critical
    finding; null until it has ended."""
    error: str | None
    """One sentence for people where the run failed."""
    waiting_for: str | None
    """What a queued run waits for. `database`: a running run waits until the database accepts its
    readings. Null where nothing prevents its start or its training."""
    cancel_requested_at: datetime | None
    """When it was asked to stop; null where it was not."""
    spec: JobSpec
    """What was ordered, with all defaults."""
    attempt: int
    """How many times a worker has claimed the run."""
    is_continued_bitwise: bool | None
    """Null until the run continues from a checkpoint. False where the machine, the libraries or the
    number of threads then differed, so that the results may differ in their last bits."""
    parent: ParentView | None
    """The run that it was forked from; null where it is no fork."""
    lineage: LineageView | None
    """Null unless the run was made to try a remedy or a cause of its parent."""
    created_at: datetime
    """When it was submitted."""
    started_at: datetime | None
    """When a worker first claimed it; null before."""
    ended_at: datetime | None
    """When it ended; null before."""
    telemetry_dropped_at: datetime | None
    """When its readings were deleted because of their age; null where they were not."""
    progress: ProgressView
    """How far it is."""
    metrics: MetricsView
    """Its latest scores."""
    metrics_by: MetricsByView | None
    """The metrics by horizon, series and class. Null until the run has ended, and in lists."""
    best: BestView | None
    """The evaluation with the best validation score; null before the first."""
    rollbacks: RollbacksView | None
    """Null where it never returned to an earlier state."""
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
    """What its probes cost."""
    device: str | None
    """Where it trains or trained, as torch names it; null before it started."""
    diagnosis: DiagnosisSummary
    """The diagnosis in short."""
    links: RunLinks
    """Where to go from here."""
    sparklines: SparklinesView | None = None
    """Null unless a list was asked with `include=sparklines`."""


class RunPage(View):
    """One page of runs."""

    items: list[RunView]
    """Runs, in the order of the list."""
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
        metrics=view_metrics(run),
        metrics_by=view_metrics_by(score_details),
        task=run.task and shortened_facts(run.task),
        baseline=run.task and run.task.baseline_in_units,
        reference=run.task and view_reference(run.task),
        skill=ScoresView.model_validate(skill_of(run.task, run.metrics)),
        probes=ProbesView(share=run.probe_share, seconds=run.probe_seconds),
        diagnosis=DiagnosisSummary(
            verdict=run.verdict, codes=list(run.finding_codes), final=run.is_diagnosis_final
        ),
        links=links_of(run),
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


def view_progress(run: Run) -> ProgressView:
    num_steps = run.spec.training.num_steps
    is_moving = run.status is RunStatus.RUNNING and bool(run.steps_per_second)
    return ProgressView(
        step=run.progress_step,
        num_steps=num_steps,
        steps_per_second=run.steps_per_second,
        eta_s=(num_steps - run.progress_step) / (run.steps_per_second or 1) if is_moving else None,
    )


def shortened_facts(task: TaskFacts) -> TaskFacts:
    """Returns the facts with their numbers shortened."""
    return TaskFacts.model_validate(shortened_document(task.model_dump(mode="json")))
