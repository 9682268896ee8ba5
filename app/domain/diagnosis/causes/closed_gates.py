"""The gates that keep the state let too little of it through."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import KEEPING_UNITS, KEPT_GATE, RATIO, REQUIRED_LAG
from app.domain.diagnosis.possibility import is_gated
from app.domain.diagnosis.remedy import Draft


def experiment(case: Case) -> Draft | None:
    if case.spec.init.bias.kind == "chrono":
        return None
    return Draft(
        patch={"init": {"bias": {"kind": "chrono"}, "forget_bias": None}},
        reason="If the run learns with gates that start open, the gates are too closed.",
    )


CARD = CauseCard(
    code="closed_gates",
    family=Family.SHORT_MEMORY,
    summary="The gates that keep the state let too little of it through.",
    distinction=(
        "No unit keeps a share of its state over the required lag, and this does not change "
        "over training; default gates look closed at the start of runs that learn."
    ),
    explains=OUTCOMES | {"vanishing_gradient", "saturated_gates", "poor_initialization"},
    is_possible=is_gated,
    evidence=(
        KEEPING_UNITS,
        KEPT_GATE,
        REQUIRED_LAG,
        RATIO,
    ),
    experiment=experiment,
)
