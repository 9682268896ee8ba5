"""A run with all it measured, as the diagnosis looks at it."""

from sqlalchemy.orm import Session

from app.domain.diagnosis.case import Case
from app.domain.runs import Run, StopReason
from app.store.telemetry import read_telemetry


def load_case(session: Session, run: Run, *, stop_reason: StopReason | None) -> Case:
    """`stop_reason` is the one it has ended with, or is about to; None while it goes on."""
    return Case(
        spec=run.spec,
        task=run.task,
        telemetry=read_telemetry(session, run.id),
        num_steps=run.spec.training.num_steps,
        attempt=run.attempt,
        has_ended=stop_reason is not None,
        stop_reason=stop_reason,
    )
