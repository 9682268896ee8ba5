"""How a run stands beside the best reference model of its task."""

from dataclasses import dataclass

from app.domain.diagnosis.progress import TaskProgress
from app.domain.task import MetricMode, Reference, TaskFacts


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The score of the best reference model, and whether the run is as good."""

    #: Of the reference model.
    name: str
    #: Of the reference model, on the split that the run is judged by.
    score: float
    #: Whether the run is as good as the reference model, or better.
    is_equal: bool
    #: Whether it is shown that no model can do better: a nonlinear model is no better either, and
    #: the residuals are white.
    is_settled: bool


def standing_of(
    task: TaskFacts | None, progress: TaskProgress, *, max_gap: float
) -> Standing | None:
    """Returns None without a reference on the judged split, or if the attainable score is known.

    Scores are equal up to a gap of `max_gap`, relative to the score of the reference.
    """
    if task is None or task.reference is None or task.attainable is not None:
        return None
    score = task.reference.score_on(progress.split, task.metric)
    if score is None:
        return None
    return Standing(
        name=task.reference.name,
        score=score,
        is_equal=_is_as_good(progress.score, score, task.mode, max_gap),
        is_settled=_is_settled(task, task.reference, max_gap),
    )


def _is_settled(task: TaskFacts, reference: Reference, max_gap: float) -> bool:
    best = reference.score_on("validation", task.metric)
    nonlinear = reference.nonlinear_score
    if best is None or nonlinear is None:
        return False
    return reference.are_residuals_white is True and _is_as_good(
        nonlinear, best, task.mode, max_gap
    )


def _is_as_good(score: float, reference: float, mode: MetricMode, max_gap: float) -> bool:
    sign = 1.0 if mode is MetricMode.MINIMISE else -1.0
    return sign * (score - reference) <= max_gap * abs(reference)
