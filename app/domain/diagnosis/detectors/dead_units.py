"""Are relu units positive at no timestep, so that no gradient passes them?"""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.units import DeadThresholds, Share, judge_share
from app.domain.scopes import ScopeKind
from app.domain.specs.model.elman import ElmanSpec

JUDGED = Share(
    code="dead_units",
    quantity="dead_fraction",
    kind=ScopeKind.LAYER,
    in_words="of the units of {scope} are positive at no timestep of any sequence",
    effect="No gradient passes such a unit.",
)


def detect(case: Case, limits: DeadThresholds) -> Outcome:
    model = case.spec.model
    if not isinstance(model, ElmanSpec) or model.activation != "relu":
        return None
    return judge_share(case, limits, JUDGED)


CARD = DetectorCard(
    code=JUDGED.code,
    summary="Relu units are positive at no timestep, so that no gradient passes them.",
    in_words="relu units are dead",
    is_essential=False,
    needs=(),
    thresholds=DeadThresholds,
    detect=detect,
)
