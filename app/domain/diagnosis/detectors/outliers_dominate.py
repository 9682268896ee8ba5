"""Do a few training examples hold nearly all of the loss, from the start?

Hard examples hold much of the loss too, but only once the others are learned. Classes are not
judged: a rare class holds much of the loss by right.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.explosions import BoolArray
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.prose import percent, short
from app.domain.diagnosis.streaks import latest_streak
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.diagnosis.trends import finite_median
from app.domain.telemetry import DoubleArray

CODE = "outliers_dominate"
#: Share of the loss terms that count as few.
FEW = 0.05


@dataclass(frozen=True, kw_only=True)
class OutlierThresholds:
    """The thresholds of `outliers_dominate`."""

    min_share: float = share(
        0.9,
        meaning="smallest share of the loss in its largest 5 % of terms, at every probe",
        source=f"at most 0.53 at the start of runs without outliers; {BENCHMARK}",
    )
    min_floor_ratio: float = threshold(
        30.0,
        low=1,
        meaning=(
            "smallest ratio of the trivial predictor's scores on training and on validation, which "
            "an outlier in only one of them makes large"
        ),
        source=BENCHMARK,
    )
    min_jump: float = threshold(
        30.0,
        low=1,
        meaning="smallest loss of a batch / median that is a jump, beside `min_floor_ratio`",
        source=BENCHMARK,
    )
    min_first_share: float = share(
        0.6,
        meaning="the same share at the first probe, at which hard examples hold less",
        source=f"at most 0.53 in runs without outliers; {BENCHMARK}",
    )
    min_probes: int = count(
        2, unit="probes", meaning="number of successive probes that must agree", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class _Few:
    """What shows that few examples dominate."""

    share: float
    floor_ratio: float | None
    jump_share: float
    largest_jump: float
    first_step: int


def detect(case: Case, limits: OutlierThresholds) -> Outcome:
    if not case.probed("prediction_spread")[0].size:
        return _without_numbers(case)
    steps_n, share_n = case.probed("loss_share_of_few")
    if steps_n.size < limits.min_probes:
        return NotAssessed(
            code=CODE, reason=f"the loss of fewer than {limits.min_probes} probes is known"
        )
    found = _few(case, limits, steps_n, share_n)
    return None if found is None else _finding(case, limits, found)


def _without_numbers(case: Case) -> Outcome:
    if case.probed("predicted_class_share")[0].size:
        return None
    words = "were not probed" if case.has_ended else "have not been probed yet"
    return NotAssessed(code=CODE, reason=f"the outputs {words}")


def _few(
    case: Case, limits: OutlierThresholds, steps_n: DoubleArray, share_n: DoubleArray
) -> _Few | None:
    is_large_n = share_n >= limits.min_share
    loss_n = case.recorded("loss")
    loss_n = loss_n[np.isfinite(loss_n)]
    usual = finite_median(loss_n) or 0.0
    is_jump_n: BoolArray = loss_n > np.float64(limits.min_jump * usual)
    ratio = _floor_ratio(case)
    found = _Few(
        share=float(np.median(share_n)),
        floor_ratio=ratio,
        jump_share=float(is_jump_n.mean()) if is_jump_n.size else 0.0,
        largest_jump=float(loss_n.max()) / usual if usual > 0 else float("inf"),
        first_step=int(steps_n[0]),
    )
    streak = latest_streak(steps_n, is_large_n, least=limits.min_probes)
    begins_large = bool(share_n[0] >= limits.min_first_share)
    if streak is not None and begins_large and streak.is_present:
        return found
    is_in_one_part = ratio is not None and ratio >= limits.min_floor_ratio
    return found if is_in_one_part and (begins_large or found.jump_share > 0) else None


def _floor_ratio(case: Case) -> float | None:
    """Ratio of the trivial predictor's scores on two parts, at least 1; None if unknown."""
    baseline = case.task.baseline if case.task is not None else None
    train, held_out = (
        None if baseline is None else baseline.scores.get(split)
        for split in ("train", "validation")
    )
    if not train or held_out is None or min(train, held_out) < 0:
        return None
    return max(train / held_out, held_out / train) if held_out > 0 else float("inf")


def _finding(case: Case, limits: OutlierThresholds, found: _Few) -> Finding:
    consequence = consequence_of(case)
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=found.first_step,
        last_step=case.present_step,
        threshold={"min_share": limits.min_share, "min_floor_ratio": limits.min_floor_ratio},
        evidence={
            "share_of_terms": FEW,
            "loss_share_of_few_median": number(found.share),
            "floor_ratio_of_training_and_validation": number(found.floor_ratio),
            "jump_share": number(found.jump_share),
            "largest_loss_over_median": number(found.largest_jump),
        },
        explanation=f"{_symptom(found)} The others have little influence on the weights.",
    )


def _symptom(found: _Few) -> str:
    if not found.jump_share:
        held = percent(found.share)
        return f"{percent(FEW)} of the terms of the training loss hold {held} of it."
    return (
        f"The loss jumps in {percent(found.jump_share)} of the batches, to up to "
        f"{short(found.largest_jump)} times its median."
    )


CARD = DetectorCard(
    code=CODE,
    summary="Few training examples hold nearly all of the loss.",
    in_words="few examples hold nearly all of the loss",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=OutlierThresholds,
    detect=detect,
)
