"""Are the tanh units of an Elman network at their limits, where they hardly respond?"""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.units import ActivationThresholds, Share, judge_share
from app.domain.scopes import ScopeKind
from app.domain.specs.model.elman import ElmanSpec

JUDGED = Share(
    code="saturated_activations",
    quantity="saturated_fraction",
    kind=ScopeKind.LAYER,
    in_words="of the values of {scope} lie within 5 % of their limits",
    effect="There the slope of tanh is less than a fifth of its largest value.",
)


def detect(case: Case, limits: ActivationThresholds) -> Outcome:
    model = case.spec.model
    if not isinstance(model, ElmanSpec) or model.activation != "tanh":
        return None
    return judge_share(case, limits, JUDGED)


CARD = DetectorCard(
    code=JUDGED.code,
    summary="The tanh units lie at their limits, where they hardly respond.",
    in_words="the units are saturated",
    is_essential=False,
    needs=(),
    thresholds=ActivationThresholds,
    detect=detect,
)
