"""Does the network answer the most frequent class only, so that rare ones are never found?"""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.prose import percent
from app.domain.diagnosis.streaks import latest_streak
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold

CODE = "class_collapse"


@dataclass(frozen=True, kw_only=True)
class CollapseThresholds:
    """The thresholds of `class_collapse`."""

    min_predicted_share: float = share(
        0.95, meaning="smallest share of the answers that are one class", source=BENCHMARK
    )
    max_recall: float = share(
        0.05, meaning="largest recall of the class that is found least", source=BENCHMARK
    )
    min_imbalance: float = threshold(
        1.5,
        low=1,
        meaning="smallest share of the most frequent class x number of classes",
        source="a network at chance answers one class of balanced ones too",
    )
    min_probes: int = count(
        3, unit="probes", meaning="number of latest probes that must agree", source=CHOSEN
    )


def detect(case: Case, limits: CollapseThresholds) -> Outcome:
    steps_n, predicted_n = case.probed("predicted_class_share")
    _, target_n = case.probed("target_class_share")
    _, recall_n = case.probed("least_recall")
    if not steps_n.size and case.probed("prediction_spread")[0].size:
        return None
    num_probes = min(steps_n.size, target_n.size, recall_n.size)
    if num_probes < limits.min_probes:
        return NotAssessed(
            code=CODE, reason=f"the answers of fewer than {limits.min_probes} probes are known"
        )
    target, num_classes = float(np.median(target_n)), _num_classes(case)
    if num_classes is None or target * num_classes < limits.min_imbalance:
        return None
    is_collapsed_n = (predicted_n[:num_probes] >= limits.min_predicted_share) & (
        recall_n[:num_probes] <= limits.max_recall
    )
    streak = latest_streak(steps_n[:num_probes], is_collapsed_n, least=limits.min_probes)
    if streak is None or not streak.is_present:
        return None
    return _finding(
        case,
        limits,
        first_step=streak.first_step,
        predicted=float(predicted_n[-1]),
        target=target,
        recall=float(recall_n[-1]),
    )


def _num_classes(case: Case) -> int | None:
    return None if case.task is None else case.task.output_size


def _finding(
    case: Case,
    limits: CollapseThresholds,
    *,
    first_step: int,
    predicted: float,
    target: float,
    recall: float,
) -> Finding:
    consequence = consequence_of(case)
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=first_step,
        last_step=case.present_step,
        threshold={
            "min_predicted_share": limits.min_predicted_share,
            "max_recall": limits.max_recall,
        },
        evidence={
            "predicted_class_share": number(predicted),
            "target_class_share": number(target),
            "least_recall": number(recall),
        },
        explanation=(
            f"{percent(predicted)} of the answers are one class, which {percent(target)} of the "
            f"targets are. Of the class that is found least, {percent(recall)} are found."
        ),
    )


CARD = DetectorCard(
    code=CODE,
    summary="The network answers the most frequent class and never finds a rare one.",
    in_words="rare classes are never found",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=CollapseThresholds,
    detect=detect,
)
