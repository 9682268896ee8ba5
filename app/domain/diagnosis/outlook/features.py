"""The numbers that an outlook rests on: the curve so far, the trend of the reach, mechanisms.

None of them grows with the length of a run by itself.

Legend: n evaluations, W latest ones, S steps.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Finding, FindingState, Severity
from app.domain.diagnosis.outcome import Outcome, SplitOutcome
from app.domain.diagnosis.progress import NUM_EVALUATIONS
from app.domain.diagnosis.ranking.signs import signs
from app.domain.diagnosis.reach import reach_trend
from app.domain.telemetry import DoubleArray
from app.domain.theil_sen import theil_sen

#: Signs of the ranking of causes that also tell how a run ends.
SIGNS = (
    "best_above_floor",
    "behind_reference",
    "by_heart",
    "loss_above_start",
    "lyapunov_last",
    "ratio_last",
    "rise_most",
    "step_gain_least",
    "update_late",
    "weights_grew",
)
#: Levels below and above are cut off.
LEAST_LEVEL, MOST_LEVEL = -3.0, 1.5
#: A level of this size is what a run must show to be better than its baseline.
USUAL_LEVEL = 0.1
#: Latest share of the evaluations whose slope is the trend, and the fewest of them.
TREND_SHARE, MIN_TREND = 1 / 3, 4
#: A change of the level that is as good as any larger one.
MOST_GAIN = 2.0
#: A mean learning rate that is as good as zero.
LEAST_RATE = 1e-30
#: Steps of a run whose learning rates stand for all, evenly spread.
MOST_STEPS = 400
#: The outlook was fitted from this share of the steps on; an earlier one counts as this.
LEAST_SHARE = 0.05


def features(case: Case, outcome: Outcome, findings: Sequence[Finding]) -> Mapping[str, float]:
    """Returns every number by its name; NaN where it is not known."""
    judged = outcome.judged
    found = case.derived(signs)
    levels_n = np.clip(judged.improvements_of(judged.scores_n), LEAST_LEVEL, MOST_LEVEL)
    level = float(np.median(levels_n[-NUM_EVALUATIONS:]))
    return {
        **{name: found[name] for name in SIGNS},
        "level": bent(level),
        "gain_ahead": bent(_gain_ahead(case, judged, levels_n)),
        "log_share": math.log(max(LEAST_SHARE, case.num_steps_done / case.num_steps)),
        "reach_growth": _reach_growth(case),
        "mechanism": float(any(map(is_present, findings))),
    }


def is_present(finding: Finding) -> bool:
    """Returns whether a symptom is active and more than information."""
    return finding.state is FindingState.ACTIVE and finding.severity is not Severity.INFO


def bent(level: float) -> float:
    """Returns a level on a scale that is fine near 0: linear up to `USUAL_LEVEL`, then by ratio."""
    return math.asinh(level / USUAL_LEVEL)


def _gain_ahead(case: Case, judged: SplitOutcome, levels_n: DoubleArray) -> float:
    """Returns the level to be gained if the trend goes on in proportion to the learning rate."""
    size = max(MIN_TREND, math.ceil(TREND_SHARE * levels_n.size))
    steps_W = judged.steps_n[-size:].astype(np.float64)
    slope = theil_sen(steps_W, levels_n[-size:])
    if slope is None:
        return math.nan
    num_ahead = case.num_steps - case.num_steps_done
    ahead = _mean_rate(case, case.num_steps_done, case.num_steps)
    recent = _mean_rate(case, int(steps_W[0]), case.num_steps_done)
    gain = slope.value * num_ahead * ahead / max(recent, LEAST_RATE)
    return max(-MOST_GAIN, min(MOST_GAIN, gain))


def share_of_rate_ahead(case: Case) -> float:
    """Returns the share of the sum of all learning rates that the schedule has left."""
    done = case.num_steps_done
    before = done * _mean_rate(case, 0, done)
    ahead = (case.num_steps - done) * _mean_rate(case, done, case.num_steps)
    return ahead / (before + ahead) if ahead > 0 else 0.0


def _mean_rate(case: Case, first: int, end: int) -> float:
    """Returns the mean learning rate of the steps from `first` to before `end`; 0 for no step."""
    if end <= first:
        return 0.0
    steps_S = np.unique(np.linspace(first, end - 1, MOST_STEPS).astype(np.int64))
    rule = case.spec.optimizer
    rates = [rule.rate_at(step, num_steps=case.num_steps) for step in steps_S.tolist()]
    return float(np.mean(rates))


def _reach_growth(case: Case) -> float:
    """Returns by how much of the required lag the horizon would grow over the whole run."""
    slope = reach_trend(case).slope
    lag = None if case.task is None else case.task.required_lag.timesteps
    if slope is None or not lag:
        return 0.0
    return max(-1.0, min(1.0, slope.value * case.num_steps / lag))
