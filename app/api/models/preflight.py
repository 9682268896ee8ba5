"""A preflight as clients see it: what the first steps say, in the structures of a run."""

from datetime import datetime
from uuid import UUID

from app.api.models.diagnosis import FindingView, NotAssessedView, view_diagnosis
from app.api.models.dry_run import EstimateView
from app.api.models.dynamics import DynamicsView, view_dynamics
from app.api.models.gradient_flow import GradientFlowView, IntegrityView, view_gradient_flow
from app.api.models.view import View
from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.preflight import Basis
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.job import JobSpec
from app.services.preflights.read_preflight import Preflight, PreflightResult


class PredictedView(View):
    """What the run would be diagnosed with, as far as its first steps can tell."""

    basis: Basis
    """`step_0`: the initial weights alone, a risk at most. `mini_steps`: the first steps."""
    verdict: DiagnosisVerdict
    summary: str
    findings: list[FindingView]
    """Each remedy's `request.body` is a job spec that posts unchanged."""
    not_assessed: list[NotAssessedView]


class PreflightLinks(View):
    self: str
    run: str
    """Where the same body starts the whole run."""


class PreflightView(View):
    """A job spec that was tried for a few steps; the parts are null until it has succeeded."""

    id: UUID
    status: RunStatus
    stop_reason: StopReason | None
    error: str | None
    """One sentence for people when it failed."""
    waiting_for: str | None
    """What a queued one waits for; null when nothing is in its way."""
    mini_steps: int
    """Steps that it may take; with 0 the initial weights alone are looked at."""
    created_at: datetime
    ended_at: datetime | None
    """It is kept for 24 hours from then."""
    spec: JobSpec
    """Complete with defaults; probes that were off are at `standard`."""
    gradient_flow: GradientFlowView | None
    """As `/v1/runs/{id}/gradient-flow` answers; its `run_id` is the preflight's."""
    dynamics: DynamicsView | None
    """As `/v1/runs/{id}/dynamics` answers; its `run_id` is the preflight's."""
    predicted: PredictedView | None
    estimate: EstimateView | None
    """Of the whole run."""
    integrity: list[IntegrityView] | None
    """Whether the gradient flow can be believed; as in `gradient_flow`."""
    links: PreflightLinks


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
        links=PreflightLinks(self=f"/v1/preflights/{run.id}", run="/v1/runs"),
    )


def _view_predicted(preflight_id: UUID, result: PreflightResult) -> PredictedView:
    found = view_diagnosis(preflight_id, result.diagnosis)
    return PredictedView.of(found, basis=result.basis)
