"""Are the gates of a cell at their limits, where they hardly respond?"""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.units import GateThresholds, Share, judge_share
from app.domain.scopes import ScopeKind
from app.domain.specs.model.elman import ElmanSpec

JUDGED = Share(
    code="saturated_gates",
    quantity="saturated_fraction",
    kind=ScopeKind.GATE,
    in_words="of the values of {scope} lie within 5 % of their limits",
    effect="There the slope is less than a fifth of its largest value.",
)


def detect(case: Case, limits: GateThresholds) -> Outcome:
    if isinstance(case.spec.model, ElmanSpec):
        return None
    return judge_share(case, limits, JUDGED)


CARD = DetectorCard(
    code=JUDGED.code,
    summary="The values of a gate lie at their limits, where it hardly responds.",
    in_words="a gate is saturated",
    is_essential=False,
    needs=(),
    thresholds=GateThresholds,
    detect=detect,
)
