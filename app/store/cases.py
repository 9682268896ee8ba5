"""Loads a run with the telemetry that is judged: the input of a diagnosis."""

from sqlalchemy.orm import Session

from app.domain.diagnosis.case import Case
from app.domain.runs import Run, StopReason
from app.store.checkpoints import best_checkpoint, checkpoints_of
from app.store.experiments import ended_experiments
from app.store.judged_telemetry import read_judged_telemetry


def load_case(
    session: Session, run: Run, *, stop_reason: StopReason | None, error: str | None = None
) -> Case:
    """Loads the case of a run.

    `stop_reason` says why the run ended, or why it is about to end; None while it trains.
    `error` is the sentence on why it failed.
    """
    best = best_checkpoint(checkpoints_of(session, run.id), run.best)
    return Case(
        spec=run.spec,
        task=run.task,
        telemetry=read_judged_telemetry(session, run.id),
        num_steps=run.spec.training.num_steps,
        attempt=run.attempt,
        has_ended=stop_reason is not None,
        stop_reason=stop_reason,
        error=error,
        saved_best_step=None if best is None else best.step,
        experiments=ended_experiments(session, run.id),
    )
