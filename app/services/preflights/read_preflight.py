"""Read the state of a preflight and, once it has succeeded, its results."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.estimate import Estimate, estimate
from app.domain.preflight import Basis, as_prediction, basis_of
from app.domain.run_seconds import DEFAULT_SLOWNESS, run_seconds
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.task import TaskFacts, TaskShape
from app.services.telemetry.read_dynamics import Dynamics, dynamics_of
from app.services.telemetry.read_gradient_flow import GradientFlow, gradient_flow_of
from app.store.cases import load_case
from app.store.database import UnitOfWork, unit_of_work
from app.store.preflights import find_preflight
from app.store.workers import median_slowness, waiting_for


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


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """What is read of a preflight that has succeeded; the result is computed from it."""

    task: TaskFacts
    case: Case
    flow: GradientFlow
    dynamics: Dynamics
    #: Of the workers, as in `run_seconds`.
    slowness: float


def read_preflight(engine: Engine, *, workspace_id: UUID, preflight_id: UUID) -> Preflight:
    """Reads in one transaction and computes the results after it. Raises NotFound."""
    with unit_of_work(engine, snapshot=True) as work:
        run = find_preflight(work.session, workspace_id, preflight_id)
        unfinished = describe_preflight(work, run)
        measured = _read(work.session, run)
    if measured is None:
        return unfinished
    return replace(unfinished, result=_result(run, measured))


def describe_preflight(work: UnitOfWork, run: Run) -> Preflight:
    """Returns a preflight without its results."""
    return Preflight(run=run, waiting_for=waiting_for(work.session, run), result=None)


def _read(session: Session, run: Run) -> _Measured | None:
    if run.status is not RunStatus.SUCCEEDED or run.task is None:
        return None
    # a run would continue after these steps, so that it counts as unfinished unless it diverged
    stop_reason = run.stop_reason if run.stop_reason is StopReason.DIVERGED else None
    return _Measured(
        task=run.task,
        case=load_case(session, run, stop_reason=stop_reason),
        flow=gradient_flow_of(session, run),
        dynamics=dynamics_of(session, run),
        slowness=median_slowness(session) or DEFAULT_SLOWNESS,
    )


def _result(run: Run, measured: _Measured) -> PreflightResult:
    basis = basis_of(run.preflight_steps or 0)
    shape = TaskShape.of_task(measured.task)
    seconds = run_seconds(run.spec, shape, slowness=measured.slowness)
    return PreflightResult(
        basis=basis,
        diagnosis=as_prediction(measured.case, diagnose(measured.case), basis=basis),
        flow=measured.flow,
        dynamics=measured.dynamics,
        estimate=replace(estimate(run.spec, shape), seconds=seconds),
    )
