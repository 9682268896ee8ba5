"""Views of a preflight. Its results have the same structure as those of a run."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from app.api.models.diagnosis import FindingView, NotAssessedView, view_diagnosis
from app.api.models.dry_run import EstimateView
from app.api.models.dynamics import DynamicsView, view_dynamics
from app.api.models.gradient_flow import GradientFlowView, IntegrityView, view_gradient_flow
from app.api.models.view import View
from app.api.protocol.root_path import Href
from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.preflight import Basis
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.specs.job import JobSpec
from app.services.preflights.read_preflight import Preflight, PreflightResult


class PredictedView(View):
    """The diagnosis that the first steps of the run predict."""

    basis: Basis
    """`step_0`: the initial weights only, which show at most a risk. `mini_steps`: first steps."""
    verdict: DiagnosisVerdict
    """The verdict that the first steps predict."""
    summary: str
    """The reason in words."""
    findings: list[FindingView]
    """Each remedy's `request.body` is a job spec that can be posted."""
    not_assessed: list[NotAssessedView]
    """Symptoms that could not be assessed, with the reasons."""


class PreflightLinks(View):
    """Where to go from a preflight."""

    self: Href
    """`DELETE` cancels it."""
    run: Href
    """Where the same body submits the whole run."""
    comparison: Href | None
    """The comparison of which it is an arm; null where it is none."""


class PreflightEntryView(View):
    """A preflight in a list, without its results."""

    id: UUID
    """Id of the preflight."""
    status: RunStatus
    """Where it is in its life."""
    stop_reason: StopReason | None
    """Why it ended; null until then."""
    error: str | None
    """One sentence for people where it failed."""
    waiting_for: str | None
    """What it waits for while it is queued; null where nothing prevents its start."""
    mini_steps: int
    """Steps to train; with 0 only the initial weights are measured."""
    cancel_requested_at: datetime | None
    """When it was asked to stop; null where it was not."""
    created_at: datetime
    """When it was submitted."""
    started_at: datetime | None
    """When a worker claimed it; null before."""
    ended_at: datetime | None
    """It is kept for 24 hours after this time."""
    spec: JobSpec
    """With all defaults. Where probes were off, their tier is `standard`."""
    links: PreflightLinks
    """Where to go from here."""


class PreflightView(PreflightEntryView):
    """A job spec that is tried for a few steps. The results are null until it has succeeded."""

    gradient_flow: GradientFlowView | None
    """The same as the answer of `/v1/runs/{id}/gradient-flow`. `run_id` is the preflight's id."""
    dynamics: DynamicsView | None
    """The same as the answer of `/v1/runs/{id}/dynamics`. `run_id` is the preflight's id."""
    predicted: PredictedView | None
    """The diagnosis that the first steps predict."""
    estimate: EstimateView | None
    """The cost of the whole run."""
    integrity: list[IntegrityView] | None
    """The checks of the gradient flow, as in `gradient_flow`."""


class PreflightPage(View):
    """One page of preflights."""

    items: list[PreflightEntryView]
    """Preflights, the newest first."""
    next: str | None
    """URL of the next page; null on the last page."""


def view_preflight(preflight: Preflight) -> PreflightView:
    run, result = preflight.run, preflight.result
    flow = view_gradient_flow(result.flow) if result else None
    return PreflightView.of(
        run,
        waiting_for=preflight.waiting_for,
        mini_steps=run.preflight_steps or 0,
        gradient_flow=flow,
        dynamics=view_dynamics(result.dynamics) if result else None,
        predicted=_view_predicted(run.id, result) if result else None,
        estimate=result.estimate if result else None,
        integrity=flow.integrity if flow else None,
        links=_links(run),
    )


def _view_predicted(preflight_id: UUID, result: PreflightResult) -> PredictedView:
    found = view_diagnosis(preflight_id, result.diagnosis)
    return PredictedView.of(found, basis=result.basis)


def view_entry(run: Run, *, waiting_for: str | None) -> PreflightEntryView:
    return PreflightEntryView.of(
        run,
        waiting_for=waiting_for,
        mini_steps=run.preflight_steps or 0,
        links=_links(run),
    )


def comparison_path(preflight_ids: Iterable[UUID]) -> str:
    """Returns the path of the comparison of these preflights, the base first."""
    ids = "&".join(f"preflight_id={one}" for one in preflight_ids)
    return f"/v1/preflight/compare?{ids}"


def _links(run: Run) -> PreflightLinks:
    return PreflightLinks(
        self=f"/v1/preflights/{run.id}",
        run="/v1/runs",
        comparison=comparison_path(run.compared_ids) if run.compared_ids else None,
    )
