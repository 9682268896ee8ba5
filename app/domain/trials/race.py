"""Which runs are stopped once a remedy has cured.

A remedy whose run has taken longer than the quickest run of the remedy that cured will hardly cure
in less time. Its run is stopped, unless it has learned the task and is about to end by itself.
"""

from collections.abc import Mapping

from app.domain.trials.progress import CURED_FROM
from app.domain.trials.trial import CONTROL, Place, TrainingSoFar, Trial, TrialRun, TrialUntil
from app.domain.trials.verdict import first_cure


def time_limit_s(trial: Trial) -> float | None:
    """Returns the seconds that a run of another remedy may take; None while there is no limit."""
    winner = first_cure(trial) if trial.until is TrialUntil.FIRST_CURE else None
    return (
        None if winner is None else min(one.seconds for one in trial.outcomes_of(winner).values())
    )


def late_places(trial: Trial, so_far: Mapping[Place, TrainingSoFar]) -> list[Place]:
    """Returns the runs that are to be stopped. Untreated runs are none of them."""
    limit_s = time_limit_s(trial)
    if limit_s is None:
        return []
    return [one.place for one in trial.active if _is_late(one, so_far.get(one.place), limit_s)]


def _is_late(one: TrialRun, found: TrainingSoFar | None, limit_s: float) -> bool:
    if found is None or one.arm == CONTROL or found.seconds <= limit_s:
        return False
    return found.progress is None or found.progress < CURED_FROM
