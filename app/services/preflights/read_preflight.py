"""Read how far a preflight is and, once it has ended, all that it foretells."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.estimate import Estimate, TaskShape, estimate
from app.domain.preflight import Basis, basis_of, foreseen
from app.domain.runs import Run, RunStatus, StopReason
from app.services.telemetry.read_dynamics import Dynamics, dynamics_of
from app.services.telemetry.read_gradient_flow import GradientFlow, gradient_flow_of
from app.store.cases import load_case
from app.store.database import UnitOfWork
from app.store.preflights import find_preflight
from app.store.workers import waiting_for


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What the first steps say."""

    basis: Basis
    diagnosis: Diagnosis
    flow: GradientFlow
    dynamics: Dynamics
    #: Of the whole run, not of the preflight.
    estimate: Estimate


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """A run that is tried for `run.preflight_steps` steps."""

    run: Run
    waiting_for: str | None
    #: None until it has ended, and where it failed.
    forecast: Forecast | None


def read_preflight(work: UnitOfWork, *, workspace_id: UUID, preflight_id: UUID) -> Preflight:
    run = find_preflight(work.session, workspace_id, preflight_id)
    return Preflight(
        run=run,
        waiting_for=waiting_for(work.session, run),
        forecast=_forecast(work.session, run) if run.status is RunStatus.SUCCEEDED else None,
    )


def _forecast(session: Session, run: Run) -> Forecast | None:
    if run.task is None:
        return None
    # the run goes on where this has stopped, unless there is nothing left to go on with
    stop_reason = run.stop_reason if run.stop_reason is StopReason.DIVERGED else None
    basis = basis_of(run.preflight_steps or 0)
    return Forecast(
        basis=basis,
        diagnosis=foreseen(diagnose(load_case(session, run, stop_reason=stop_reason)), basis=basis),
        flow=gradient_flow_of(session, run),
        dynamics=dynamics_of(session, run),
        estimate=estimate(run.spec, TaskShape.of_task(run.task)),
    )
