"""How far the task is learned, in words: the score beside the baseline and the attainable one."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.progress import TaskProgress
from app.domain.diagnosis.prose import counted, percent, relation, rounded, short
from app.domain.task import MetricMode


def score_beside_baseline(case: Case, progress: TaskProgress) -> str:
    """Returns `after 600 steps the mse on validation is about 0.151, better than the …`."""
    return (
        f"after {counted(progress.step, 'step')} the {progress.floor.metric} on {progress.split} "
        f"is about {short(progress.score)}, {_standing(case, progress)} the "
        f"{short(progress.floor_score)} of {progress.floor.name}"
    )


def _standing(case: Case, progress: TaskProgress) -> str:
    near = relation(progress.score, progress.floor_score)
    is_lower_better = case.task is None or case.task.mode is MetricMode.MINIMISE
    better, worse = ("below", "above") if is_lower_better else ("above", "below")
    return {better: "better than", worse: "worse than"}.get(near, near)


def way_to_attainable(case: Case, progress: TaskProgress) -> str | None:
    """Returns `9.5 % of the way to the attainable 0`; None if it is unknown or there is no gain."""
    attainable = case.task.attainable if case.task else None
    if attainable is None or progress.is_lower_bound or not 0 < progress.value <= 1:
        return None
    return f"{percent(progress.value)} of the way to the attainable {short(attainable)}"


def learned_share(progress: TaskProgress) -> str:
    """Returns the clause `49 % of the task is learned`, or that the baseline is not beaten."""
    if progress.value <= 0:
        return (
            f"the {progress.floor.metric} on {progress.split}, {short(progress.score)}, does not "
            f"beat the {short(progress.floor_score)} of {progress.floor.name}"
        )
    if rounded(progress.value) >= 1:
        return "the task is learned"
    bound = "at least " if progress.is_lower_bound else ""
    return f"{bound}{percent(progress.value)} of the task is learned"
