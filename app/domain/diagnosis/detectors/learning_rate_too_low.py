"""Are the steps so short that the task cannot be learned in the steps that there are?

Steps that a much longer one would beat are evidence only where the loss falls along them and the
weights have hardly moved. Units without a gradient, clipping, and an expansion whose step raises
the loss look alike in the factor alone.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.attainment import is_trained
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.clipping import find_shortened_steps
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.origin import find_origin
from app.domain.diagnosis.prose import short
from app.domain.diagnosis.streaks import rolling_median
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.diagnosis.travel import mean_update
from app.domain.diagnosis.trends import finite_median
from app.domain.telemetry import DoubleArray

CODE = "learning_rate_too_low"
#: Share of the steps done that counts as recent.
RECENT_SHARE = 0.1
#: The least and the largest multiple of the update that a probe tries.
LEAST_FACTOR, LARGEST_FACTOR = 0.0, 30.0


@dataclass(frozen=True, kw_only=True)
class RateTooLowThresholds:
    """The thresholds of `learning_rate_too_low`."""

    min_factor: float = threshold(
        15.0,
        low=1,
        meaning=(
            "smallest best multiple of the update, median of `num_probes`, that is too short, on "
            "the step's batch and on a fresh one"
        ),
        source=f"up to 13 where weights are large and the steps fit them; {BENCHMARK}",
    )
    max_update_ratio: float = threshold(
        1.25e-3,
        meaning="largest mean of ||update|| / ||weights|| of all steps",
        source=f"usual: 1e-3 to 1e-2; {BENCHMARK}",
    )
    max_straight_update_ratio: float = threshold(
        6e-4,
        meaning="the same, where noise decides which multiple of a step is best",
        source=BENCHMARK,
    )
    min_straight_share: float = share(
        0.9,
        meaning=(
            "smallest share of probes whose best multiple is the least or the largest that is "
            "tried: the loss is a straight line up to 30 times the step, and noise decides its sign"
        ),
        source=BENCHMARK,
    )
    negligible_update: float = threshold(
        1e-5,
        meaning="largest median update ratio of recent steps at which nothing changes",
        source="usual: 1e-3",
    )
    max_rise_ahead: float = threshold(
        2.0,
        low=1,
        meaning="rate that the schedule still reaches / present rate, from which on to wait",
        source=CHOSEN,
    )
    max_dead_share: float = share(
        0.9,
        meaning="largest share of gradient entries that are exactly 0, above which units are dead",
        source=CHOSEN,
    )
    num_probes: int = count(
        5, unit="probes", meaning="number of latest probes whose median counts", source=CHOSEN
    )
    min_probes: int = count(
        3, unit="probes", meaning="fewest probes for a judgement", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """How far the steps go, and how far they should."""

    factor: float
    gain: float
    mean_update: float
    update_ratio: float
    first_step: int


def detect(case: Case, limits: RateTooLowThresholds) -> Outcome:
    is_other = find_shortened_steps(case) is not None or _dead_share(case) > limits.max_dead_share
    # weights that are not finite do not move
    if is_other or is_trained(case) or find_origin(case) is not None:
        return None
    negligible = _negligible_steps(case, limits)
    if negligible is None and mean_update(case) > limits.max_update_ratio:
        return None
    if _is_still_rising(case, limits):
        return NotAssessed(code=CODE, reason="the schedule still raises the learning rate")
    found = negligible or _short_steps(case, limits) or _straight_steps(case, limits)
    if found is not None:
        return _finding(case, limits, found)
    if case.probed("best_step_factor")[0].size >= limits.min_probes:
        return None
    return NotAssessed(code=CODE, reason=f"fewer than {limits.min_probes} updates were probed")


def _is_still_rising(case: Case, limits: RateTooLowThresholds) -> bool:
    rule, last = case.spec.optimizer, case.num_steps - 1
    present = rule.rate_at(case.present_step, num_steps=case.num_steps)
    # a schedule rises in its warm-up only
    highest = rule.rate_at(min(last, rule.schedule.warmup_steps), num_steps=case.num_steps)
    return not case.has_ended and highest >= limits.max_rise_ahead * present


def _dead_share(case: Case) -> float:
    """Share of the tensors' gradients that are exactly 0 in recent steps, without biases."""
    zero_nP = case.telemetry.tensors.get("zero_fraction")
    if zero_nP is None:
        return 0.0
    is_matrix_P = ["bias" not in name for name in case.telemetry.tensor_names]
    recent_nP = zero_nP[-_num_recent(case) :][:, is_matrix_P].astype(np.float64)
    return float(np.median(recent_nP.mean(axis=1))) if recent_nP.size else 0.0


def _num_recent(case: Case) -> int:
    return max(1, int(RECENT_SHARE * case.telemetry.steps_n.size))


def _short_steps(case: Case, limits: RateTooLowThresholds) -> _Steps | None:
    """Returns the steps if longer ones are better, the loss falls and the weights hardly moved."""
    steps_n, fresh_n = case.probed("best_step_factor")
    gain = _recent(case.probed("step_gain")[1], limits)
    is_short_n = rolling_median(fresh_n, size=limits.num_probes) >= limits.min_factor
    is_short_n[: limits.min_probes - 1] = False
    if not is_short_n.any() or not is_short_n[-1] or not gain > 0:
        return None
    if _recent(case.probed("best_step_factor_of_batch")[1], limits) < limits.min_factor:
        return None
    return _steps(case, limits, first_step=int(steps_n[is_short_n][0]))


def _negligible_steps(case: Case, limits: RateTooLowThresholds) -> _Steps | None:
    """Returns the steps if they change nothing, so that no probe can tell a better length."""
    ratio_n = case.recorded("update_ratio")
    is_small_n = ratio_n < np.float64(limits.negligible_update)
    if not is_small_n.size or np.median(is_small_n[-_num_recent(case) :]) < 1:
        return None
    first = int(case.telemetry.steps_n[is_small_n][0])
    return _steps(case, limits, first_step=first)


def _straight_steps(case: Case, limits: RateTooLowThresholds) -> _Steps | None:
    """Returns the steps if the loss is a straight line far beyond them."""
    steps_n, fresh_n = case.probed("best_step_factor")
    if fresh_n.size < limits.num_probes or mean_update(case) > limits.max_straight_update_ratio:
        return None
    is_end_n = (fresh_n <= LEAST_FACTOR) | (fresh_n >= LARGEST_FACTOR)
    if is_end_n.mean() < limits.min_straight_share:
        return None
    return _steps(case, limits, first_step=int(steps_n[is_end_n][0]))


def _steps(case: Case, limits: RateTooLowThresholds, *, first_step: int) -> _Steps:
    ratio_n = case.recorded("update_ratio")
    return _Steps(
        factor=_recent(case.probed("best_step_factor")[1], limits),
        gain=_recent(case.probed("step_gain")[1], limits),
        mean_update=mean_update(case),
        update_ratio=finite_median(ratio_n[-_num_recent(case) :]) or 0.0,
        first_step=first_step,
    )


def _recent(values_n: DoubleArray, limits: RateTooLowThresholds) -> float:
    recent_n = values_n[-limits.num_probes :]
    return float(np.median(recent_n)) if recent_n.size else float("nan")


def _finding(case: Case, limits: RateTooLowThresholds, found: _Steps) -> Finding:
    consequence = consequence_of(case)
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=found.first_step,
        last_step=case.present_step,
        threshold={"min_factor": limits.min_factor, "max_update_ratio": limits.max_update_ratio},
        evidence={
            "best_step_factor_recent_median": number(found.factor),
            "step_gain_recent_median": number(found.gain),
            "update_ratio_mean": number(found.mean_update),
            "update_ratio_recent_median": number(found.update_ratio),
            "learning_rate": case.spec.optimizer.rate_at(
                case.present_step, num_steps=case.num_steps
            ),
        },
        explanation=f"{_symptom(found, limits)} {_moves(found)}",
    )


def _symptom(found: _Steps, limits: RateTooLowThresholds) -> str:
    if found.factor >= limits.min_factor:
        return (
            f"In the latest probes a median of {short(found.factor)} times the update was best "
            "for a batch that it was not made from."
        )
    return (
        f"The latest steps change the weights by a median of {short(found.update_ratio)} of their "
        "norm, and the loss is a straight line far beyond them."
    )


def _moves(found: _Steps) -> str:
    return f"A step changes the weights by a mean of {short(found.mean_update)} of their norm."


CARD = DetectorCard(
    code=CODE,
    summary="The steps are too short: much longer ones are better, and the weights hardly move.",
    in_words="the steps are too short",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=RateTooLowThresholds,
    detect=detect,
)
