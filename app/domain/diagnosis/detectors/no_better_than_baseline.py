"""Is the run better than a predictor that needs no memory, or no model at all?

The score of the judged split (validation, or training without it) is compared with that of the
baseline: by the level where the expected score is known, otherwise by the relative gain.
"""

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import BLOCKING, UNKNOWN, Consequence
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detector import Outcome as Judgement
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.outcome import NO_SCORE, Outcome, SplitOutcome, outcome_of
from app.domain.diagnosis.progress import task_progress
from app.domain.diagnosis.prose import counted, short
from app.domain.diagnosis.reach import ReachTrend, reach_trend
from app.domain.diagnosis.scores_in_words import (
    baseline_name,
    score_evidence,
    score_sentence,
)
from app.domain.diagnosis.standing import BaselineThresholds, Standing
from app.domain.scopes import Scope

CODE = "no_better_than_baseline"
#: Nothing can be concluded from so small a difference, but such a run is not called healthy.
BELOW_BASELINE = "the run is a little worse than the trivial predictor, as the reference models are"


def detect(case: Case, limits: BaselineThresholds) -> Judgement:
    outcome = outcome_of(case)
    if outcome is None:
        return NotAssessed(code=CODE, reason=NO_SCORE)
    judged = outcome.judged
    is_worse = judged.gain < -limits.max_baseline_gap
    if judged.standing not in {Standing.AT_FLOOR, Standing.OPEN} and not is_worse:
        return None if judged.gain >= 0 else NotAssessed(code=CODE, reason=BELOW_BASELINE)
    if not outcome.is_due:
        reason = (
            f"it was evaluated after {judged.step:,} of {case.num_steps:,} steps, which is too "
            "early"
        )
        return NotAssessed(code=CODE, reason=reason)
    if judged.standing is Standing.OPEN:
        return NotAssessed(code=CODE, reason=_open_question(judged))
    return _finding(case, limits, outcome)


def _finding(case: Case, limits: BaselineThresholds, outcome: Outcome) -> Finding:
    judged, trend = outcome.judged, reach_trend(case)
    consequence = _consequence(case, outcome, trend)
    has_level = judged.level is not None
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=_first_step(judged, limits),
        last_step=judged.step,
        scope=Scope.split(judged.split),
        threshold=({"min_level": limits.min_level} if has_level else {"min_gain": limits.min_gain}),
        evidence=_evidence(case, outcome),
        explanation=(
            f"{score_sentence(judged, baseline=baseline_name(case.task))} "
            f"{_meaning(case, outcome, trend)}"
        ),
    )


def _consequence(case: Case, outcome: Outcome, trend: ReachTrend) -> Consequence:
    """Before the end, a reach that may still grow is a reason to wait."""
    if outcome.judged.standing is not Standing.AT_FLOOR:
        return UNKNOWN
    is_final = case.has_ended or (outcome.is_late and not trend.may_grow)
    return BLOCKING if is_final else UNKNOWN


def _first_step(judged: SplitOutcome, limits: BaselineThresholds) -> int:
    """Returns the first of the latest evaluations that are all no better than the baseline."""
    least = limits.min_level if judged.level is not None else limits.min_gain
    is_better_n = judged.improvements_of(judged.smooth_n) >= least
    better = np.flatnonzero(is_better_n[:-1])
    return int(judged.steps_n[better[-1] + 1 if better.size else 0])


def _evidence(case: Case, outcome: Outcome) -> dict[str, JsonValue]:
    progress, slope = task_progress(case), reach_trend(case).slope
    baseline = case.task.baseline if case.task else None
    return {
        **score_evidence(outcome),
        "baseline_name": baseline.name if baseline else None,
        "baseline_source": baseline.source if baseline else None,
        "horizon_trend_timesteps_per_1000_steps": 1000 * slope.value if slope else None,
        "task_progress": number(progress.value) if progress else None,
        "task_progress_is_lower_bound": progress.is_lower_bound if progress else None,
    }


def _open_question(judged: SplitOutcome) -> str:
    known = judged.expected
    name, score = (known.reference_name, short(known.score)) if known else ("", "")
    return (
        f"neither the run nor the reference models are better than the trivial predictor (the best "
        f"one, {name}, has {score}), and it is not shown that nothing more can be learned"
    )


def _meaning(case: Case, outcome: Outcome, trend: ReachTrend) -> str:
    judged, train = outcome.judged, outcome.train
    if judged.standing is not Standing.AT_FLOOR:
        return "It is as good as the reference model, but the baseline is better than both."
    if train is not None and train is not judged and train.has_learned:
        return (
            f"On the training data it is {short(train.score)}: the run has learned these, and is "
            "no better than the baseline on other data."
        )
    if trend.is_growing and trend.slope:
        pace = f"by {short(1000 * trend.slope.value)} timesteps per 1,000 steps"
        if case.has_ended:
            return f"The reach of the gradient grew until the end, {pace}."
        return f"The reach of the gradient still grows, {pace}, so more steps may be enough."
    if case.has_ended:
        return f"The task is not learned on {judged.split}."
    num_left = case.num_steps - case.num_steps_done
    return f"{counted(num_left, 'step')} are left in which it may learn."


CARD = DetectorCard(
    code=CODE,
    summary="A trivial predictor does as well.",
    in_words="a trivial predictor does as well",
    is_essential=True,
    needs=(needs.baseline,),
    thresholds=BaselineThresholds,
    detect=detect,
)
