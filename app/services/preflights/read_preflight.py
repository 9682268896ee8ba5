"""Read the state of a preflight and, once it has succeeded, its results."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.estimate import Estimate, estimate
from app.domain.preflight import Basis, as_prediction, basis_of
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.task import TaskShape
from app.services.telemetry.read_dynamics import Dynamics, dynamics_of
from app.services.telemetry.read_gradient_flow import GradientFlow, gradient_flow_of
from app.store.cases import load_case
from app.store.database import UnitOfWork
from app.store.preflights import find_preflight
from app.store.workers import waiting_for


@dataclass(frozen=True, kw_only=True)
class PreflightResult:
    """What the first steps of a run show."""

    basis: Basis
    diagnosis: Diagnosis
    flow: GradientFlow
    dynamics: Dynamics
    #: The cost of the whole run, not of the preflight.
    estimate: Estimate


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """A trial run of `run.preflight_steps` steps."""

    run: Run
    waiting_for: str | None
    #: None until it has succeeded.
    result: PreflightResult | None


def read_preflight(work: UnitOfWork, *, workspace_id: UUID, preflight_id: UUID) -> Preflight:
    """Raises NotFound."""
    run = find_preflight(work.session, workspace_id, preflight_id)
    return Preflight(
        run=run,
        waiting_for=waiting_for(work.session, run),
        result=_result(work.session, run) if run.status is RunStatus.SUCCEEDED else None,
    )


def _result(session: Session, run: Run) -> PreflightResult | None:
    if run.task is None:
        return None
    # a run would continue after these steps, so that it counts as unfinished unless it diverged
    stop_reason = run.stop_reason if run.stop_reason is StopReason.DIVERGED else None
    basis = basis_of(run.preflight_steps or 0)
    diagnosis = diagnose(load_case(session, run, stop_reason=stop_reason))
    return PreflightResult(
        basis=basis,
        diagnosis=as_prediction(diagnosis, basis=basis),
        flow=gradient_flow_of(session, run),
        dynamics=dynamics_of(session, run),
        estimate=estimate(run.spec, TaskShape.of_task(run.task)),
    )
