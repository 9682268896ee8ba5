"""How a running run will end if it is left alone, by what it has shown so far.

features   the numbers that the outlook rests on: the curve, the trend of the reach, mechanisms
model      from these numbers to probabilities and to the score at the end; its coefficients are
           data, written by `python -m bench.diagnosis.fit_outlook`
scale      scores on one scale for all metrics
foresight  what an outlook changes: a mechanism that agrees with it is critical before the end
"""

from collections.abc import Sequence

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Finding, Outlook
from app.domain.diagnosis.outcome import outcome_of
from app.domain.diagnosis.outlook.features import features, share_of_rate_ahead
from app.domain.diagnosis.outlook.model import MODEL, View
from app.domain.diagnosis.outlook.scale import scale_of


def outlook_of(case: Case, findings: Sequence[Finding]) -> Outlook | None:
    """Returns None for a run that has ended, and without a baseline or scores."""
    outcome = outcome_of(case)
    scale = None if outcome is None else scale_of(case, outcome.judged)
    if case.has_ended or outcome is None or scale is None:
        return None
    judged = outcome.judged
    foreseen = MODEL.foresee(
        View(
            features=features(case, outcome, findings),
            height=scale.height_of(judged.score),
            expected_height=None
            if judged.expected is None
            else scale.height_of(judged.expected.score),
            rate_ahead=share_of_rate_ahead(case),
        )
    )
    first, expected, last = map(scale.score_at, foreseen.heights)
    return Outlook(
        probability_no_better_than_baseline=foreseen.no_better,
        probability_not_learned=foreseen.not_learned,
        metric=judged.metric,
        split=judged.split,
        expected=expected,
        interval=(min(first, last), max(first, last)),
        share_of_run=case.num_steps_done / case.num_steps,
    )
