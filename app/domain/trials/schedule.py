"""Which runs of a trial come next, and which are stopped.

At first every arm is trained with one fresh seed. Only remedies with which the task was learned, or
else the better half of the undecided ones, are trained with the next seed; that is successive
halving over seeds (Jamieson and Talwalkar 2016). Progress within a run drops no remedy, because
networks that learn late show none for most of their steps. A remedy whose run diverged early is
trained with the next seed at once, because that cost little and may be the seed's doing. A remedy
gets no further seed once its verdict is decided, or while an untreated run that trains may decide
it. Runs stop by themselves when they have learned the task (`stop_at_score`), and are stopped once
another remedy has cured in less time (`race`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from app.domain.runs import StopReason
from app.domain.trials.progress import CURED_FROM
from app.domain.trials.race import late_places
from app.domain.trials.trial import CONTROL, Place, RunStop, TrainingSoFar, Trial, TrialEnd
from app.domain.trials.verdict import has_learned_by_majority, judge

#: A run that diverged within this share of the time of the run has cost little.
EARLY = 0.25


@dataclass(frozen=True, kw_only=True)
class Moves:
    """What is to be done with a trial now."""

    #: Runs to queue.
    start: Sequence[Place] = field(default_factory=list)
    #: Runs to stop, and why.
    stop: Mapping[Place, RunStop] = field(default_factory=dict)
    #: Why the trial has ended; None while it runs.
    end_reason: TrialEnd | None = None


def first_places(num_remedies: int) -> tuple[Place, ...]:
    """Returns the runs with which a trial begins: every arm with the first seed."""
    return tuple((arm, 0) for arm in range(num_remedies + 1))


def next_moves(trial: Trial, *, spent: float, so_far: Mapping[Place, TrainingSoFar]) -> Moves:
    """Returns the next moves.

    `spent` is the time that all runs took so far, relative to that of the run. `so_far` tells of
    the runs that have not ended.
    """
    if spent >= trial.budget or _has_stopped_for_budget(trial):
        reason = None if trial.active else TrialEnd.BUDGET_SPENT
        return Moves(stop=_stops(trial, RunStop.BUDGET_SPENT), end_reason=reason)
    start = _to_start(trial)
    if start or trial.active:
        return Moves(start=start, stop=_to_stop(trial, so_far, is_starting=bool(start)))
    return Moves(end_reason=TrialEnd.DECIDED)


def _has_stopped_for_budget(trial: Trial) -> bool:
    """Returns whether the budget was spent before, whatever the time of the run seems to be now."""
    return any(one.stopped_for is RunStop.BUDGET_SPENT for one in trial.runs)


def _to_stop(
    trial: Trial, so_far: Mapping[Place, TrainingSoFar], *, is_starting: bool
) -> dict[Place, RunStop]:
    """Returns untreated runs that no remedy needs, or else remedies that others have outrun."""
    is_control_alone = all(one.arm == CONTROL for one in trial.active) and not is_starting
    if is_control_alone and all(_is_closed(trial, arm) for arm in _remedies(trial)):
        return _stops(trial, RunStop.DECIDED)
    return dict.fromkeys(late_places(trial, so_far), RunStop.FIRST_CURE)


def _stops(trial: Trial, reason: RunStop) -> dict[Place, RunStop]:
    return {one.place: reason for one in trial.active}


def _to_start(trial: Trial) -> list[Place]:
    known = {(one.arm, one.seed) for one in trial.runs}
    wanted: list[Place] = []
    for arm in _going_on(trial):
        seed = _num_started(trial, arm)
        if seed < len(trial.seeds):
            wanted += [(CONTROL, seed), (arm, seed)]
    return [
        place
        for place in dict.fromkeys(wanted)
        if place not in known and place != (CONTROL, trial.own_seed)
    ]


def _going_on(trial: Trial) -> list[int]:
    """Returns the remedies that are to be trained with their next seed."""
    idle = [
        arm
        for arm in _remedies(trial)
        if not _is_closed(trial, arm)
        and not _is_active(trial, arm)
        and not _waits_for_control(trial, arm)
    ]
    learned = [arm for arm in idle if _last_progress(trial, arm) >= CURED_FROM]
    others = [arm for arm in idle if arm not in learned]
    if not others or any(_last_progress(trial, arm) >= CURED_FROM for arm in _remedies(trial)):
        return learned
    if any(_is_active(trial, arm) for arm in (CONTROL, *_remedies(trial))):
        return learned + [arm for arm in others if _has_diverged_early(trial, arm)]
    rank = max(_num_started(trial, arm) for arm in others)
    num_kept = ceil((len(trial.arms) - 1) / 2**rank)
    best = sorted(others, key=lambda arm: -_last_progress(trial, arm))
    return learned + best[:num_kept]


def _has_diverged_early(trial: Trial, arm: int) -> bool:
    outcomes = trial.outcomes_of(arm)
    last = outcomes[max(outcomes)]
    is_early = last.seconds <= EARLY * trial.run_seconds
    return last.stop_reason is StopReason.DIVERGED and is_early


def _waits_for_control(trial: Trial, arm: int) -> bool:
    """Returns whether an untreated run that still trains may decide on a remedy."""
    return has_learned_by_majority(trial, arm) and _is_active(trial, CONTROL)


def _is_closed(trial: Trial, arm: int) -> bool:
    """Returns whether a remedy gets no further seed: decided, or a run of it tells nothing."""
    has_failed = any(
        one.arm == arm and one.outcome is not None and not one.outcome.is_telling
        for one in trial.runs
    )
    return has_failed or judge(trial, arm, is_over=False).verdict is not None


def _remedies(trial: Trial) -> range:
    return range(CONTROL + 1, len(trial.arms))


def _is_active(trial: Trial, arm: int) -> bool:
    return any(one.arm == arm and one.outcome is None for one in trial.runs)


def _num_started(trial: Trial, arm: int) -> int:
    return sum(one.arm == arm for one in trial.runs)


def _last_progress(trial: Trial, arm: int) -> float:
    """Returns the progress with the last seed; minus infinity where nothing is known."""
    outcomes = trial.outcomes_of(arm)
    return outcomes[max(outcomes)].judged_progress if outcomes else float("-inf")
