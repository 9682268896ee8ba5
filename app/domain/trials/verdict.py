"""What the runs of an arm tell, compared in pairs with untreated runs of the same seeds.

The scores decide, and never the diagnoses. With `n` seeds an arm has cured when a majority of them
learned the task and a majority of the untreated runs did not, so that the medians differ so
whatever the other seeds would give.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median, stdev

from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.runs import StopReason
from app.domain.trials.progress import CURED_FROM, WORST
from app.domain.trials.trial import CONTROL, Outcome, RunStop, Trial

#: Confidence of the interval of the mean difference.
CONFIDENCE = 0.95
#: Quantiles of Student's t at 0.975, by degrees of freedom from 1.
_T_QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
#: Most seeds of a trial.
MAX_SEEDS = len(_T_QUANTILES) + 1
#: Difference in progress that matters.
MIN_DIFFERENCE = 0.05
#: Half of the width of the interval around 0 within which two arms are equal.
EQUAL_WITHIN = 0.1
#: Below this progress nothing was learned.
LEARNED_FROM = BaselineThresholds().min_level


class TrialVerdict(StrEnum):
    #: With the remedy the task is learned, and without it is not.
    CURED = "cured"
    #: It is better with the remedy, but the task is not learned.
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Progress with the remedy less that of the untreated run with the same seed."""

    #: One for each seed that both arms have.
    by_seed: Mapping[int, float]

    @property
    def mean(self) -> float:
        return fmean(self.by_seed.values())

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the mean by Student's t; None for a single pair."""
        number = len(self.by_seed)
        if number == 1:
            return None
        spread = stdev(self.by_seed.values())
        half = _T_QUANTILES[number - 2] * spread / math.sqrt(number)
        return self.mean - half, self.mean + half


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is known of a remedy."""

    #: None while it is undecided.
    verdict: TrialVerdict | None
    #: One sentence.
    reason: str
    difference: Difference | None = None


def majority(num_seeds: int) -> int:
    """Returns the number of seeds that decide the median."""
    return num_seeds // 2 + 1


def has_learned_by_majority(trial: Trial, arm: int) -> bool:
    """Returns whether most seeds learned the task, so that only untreated runs matter now."""
    return _num_cured(_progress(trial.outcomes_of(arm))) >= majority(len(trial.seeds))


def difference_of(trial: Trial, arm: int) -> Difference | None:
    """Returns the paired differences to the control; None without a pair."""
    treated, untreated = trial.outcomes_of(arm), trial.outcomes_of(CONTROL)
    pairs = {
        seed: _difference(treated[seed], untreated[seed])
        for seed in sorted(treated.keys() & untreated.keys())
    }
    return Difference(by_seed=pairs) if pairs else None


def judge(trial: Trial, arm: int, *, is_over: bool) -> Judgement:
    """Judges a remedy. Unless the trial `is_over` it may be undecided."""
    difference = difference_of(trial, arm)
    found = _decided(trial, arm, difference)
    if found is not None:
        verdict, reason = found
        return Judgement(verdict=verdict, reason=reason, difference=difference)
    outrun = _stopped(trial, arm, RunStop.FIRST_CURE)
    if outrun is None and not is_over:
        reason = "Further runs decide."
        return Judgement(verdict=None, reason=reason, difference=difference)
    if outrun is not None:
        reason = f"{outrun}: {_first_cure_name(trial)} had cured in less time."
        verdict = TrialVerdict.INCONCLUSIVE
    else:
        verdict, reason = _unanimous(trial, arm, difference) or _by_interval(difference)
        stopped = _stopped(trial, arm, RunStop.BUDGET_SPENT)
        if verdict is TrialVerdict.INCONCLUSIVE and stopped is not None:
            reason = f"{stopped}: the budget was spent. {reason}"
    return Judgement(verdict=verdict, reason=reason, difference=difference)


def _stopped(trial: Trial, arm: int, cause: RunStop) -> str | None:
    """Returns how far a run of the arm came that the trial stopped; None if there is none."""
    found = next(
        (
            one.outcome
            for one in trial.runs
            if one.arm == arm
            and one.stopped_for is cause
            and one.outcome is not None
            and one.outcome.stop_reason is StopReason.CANCELLED
        ),
        None,
    )
    if found is None:
        return None
    told = f"Stopped at step {found.step} of {trial.arms[arm].num_steps}"
    has_scores = found.judged_split is not None
    return f"{told}, with a progress of {found.judged_progress:.2f}" if has_scores else told


def _unanimous(
    trial: Trial, arm: int, difference: Difference | None
) -> tuple[TrialVerdict, str] | None:
    """Returns a cure that all runs of an ended trial agree on, but for which seeds are missing.

    The untreated runs must be a fresh one and the run itself.
    """
    treated = _progress(trial.outcomes_of(arm))
    untreated = _progress(trial.outcomes_of(CONTROL))
    is_fresh = difference is not None and trial.own is not None and len(untreated) > 1
    if not is_fresh or _num_sick(treated) or _num_cured(untreated):
        return None
    reason = f"All of {len(treated)} runs with the remedy learned the task, and none of "
    reason += f"{len(untreated)} untreated runs; the trial ended before further seeds."
    return TrialVerdict.CURED, reason


def _difference(treated: Outcome, untreated: Outcome) -> float:
    """Compares both on test data or, if one has no test score, on validation data."""
    for split in ("test", "validation"):
        if split in treated.progress and split in untreated.progress:
            return treated.progress[split] - untreated.progress[split]
    return treated.judged_progress - untreated.judged_progress


def _decided(
    trial: Trial, arm: int, difference: Difference | None
) -> tuple[TrialVerdict, str] | None:
    """Returns what further seeds cannot change, or would hardly change."""
    if difference is None:
        return None
    treated = _progress(trial.outcomes_of(arm))
    untreated = _progress(trial.outcomes_of(CONTROL))
    need = majority(len(trial.seeds))
    if _num_cured(treated) >= need:
        return _of_learned(treated, untreated, need)
    is_as_stable = min(treated) > WORST or min(untreated) == WORST
    if max([*treated, *untreated]) < LEARNED_FROM and is_as_stable:
        return TrialVerdict.UNCHANGED, "Nothing was learned, with the remedy or without it."
    if _num_sick(treated) >= need and len(difference.by_seed) > 1:
        return _by_interval(difference)
    return None


def _of_learned(
    treated: Sequence[float], untreated: Sequence[float], need: int
) -> tuple[TrialVerdict, str] | None:
    """Returns the verdict on a remedy with which most runs learned the task; None if undecided."""
    if _num_sick(untreated) >= need:
        reason = f"{_num_cured(treated)} of {len(treated)} runs with the remedy learned the task, "
        reason += f"and {_num_cured(untreated)} of {len(untreated)} untreated runs."
        return TrialVerdict.CURED, reason
    if _num_cured(untreated) >= need:
        return TrialVerdict.UNCHANGED, "Most untreated runs learn the task as well."
    return None


def _by_interval(difference: Difference | None) -> tuple[TrialVerdict, str]:
    if difference is None:
        return TrialVerdict.INCONCLUSIVE, "No two runs with the same seed ended by themselves."
    interval = difference.interval
    if interval is None:
        reason = "A single pair of runs does not tell how much the seed matters."
        return TrialVerdict.INCONCLUSIVE, reason
    low, high = interval
    if low > 0 and difference.mean >= MIN_DIFFERENCE:
        return TrialVerdict.IMPROVED, "It is better with every likely seed, but it is not cured."
    if high < 0 and difference.mean <= -MIN_DIFFERENCE:
        return TrialVerdict.WORSE, "It is worse with every likely seed."
    if low >= -EQUAL_WITHIN and high <= EQUAL_WITHIN:
        return TrialVerdict.UNCHANGED, "The difference is small with every likely seed."
    return TrialVerdict.INCONCLUSIVE, "The seeds differ more than the remedy matters."


def median_progress(trial: Trial, arm: int) -> float | None:
    """Returns the median over the runs of an arm that tell something; None without one."""
    values = _progress(trial.outcomes_of(arm))
    return median(values) if values else None


def _progress(outcomes: Mapping[int, Outcome]) -> list[float]:
    return [one.judged_progress for one in outcomes.values()]


def _num_cured(values: Sequence[float]) -> int:
    return sum(value >= CURED_FROM for value in values)


def _num_sick(values: Sequence[float]) -> int:
    return len(values) - _num_cured(values)


def first_cure(trial: Trial) -> int | None:
    """Returns the remedy that cured in the least time of those that further seeds cannot change.

    Returns None while there is none.
    """
    cured = [
        arm
        for arm in range(CONTROL + 1, len(trial.arms))
        if (found := _decided(trial, arm, difference_of(trial, arm))) is not None
        and found[0] is TrialVerdict.CURED
    ]
    return min(cured, key=lambda arm: _mean_seconds(trial, arm), default=None)


def _first_cure_name(trial: Trial) -> str:
    winner = first_cure(trial)
    return "another remedy" if winner is None else str(trial.arms[winner].remedy)


def winner_of(trial: Trial) -> int | None:
    """Returns the position of the remedy that cured in the least time; None if none cured."""
    cured = [
        arm
        for arm in range(CONTROL + 1, len(trial.arms))
        if judge(trial, arm, is_over=trial.ended_at is not None).verdict is TrialVerdict.CURED
    ]
    return min(cured, key=lambda arm: _mean_seconds(trial, arm), default=None)


def _mean_seconds(trial: Trial, arm: int) -> float:
    """Returns the mean time of the runs of an arm that tell something, of which there must be."""
    return fmean(one.seconds for one in trial.outcomes_of(arm).values())
