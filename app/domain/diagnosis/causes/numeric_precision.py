"""Numbers under- or overflow in single precision."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import RATIO, RISE
from app.domain.diagnosis.possibility import is_finite
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    """Returns whether single precision is used and a number was too small or too large for it."""
    if case.spec.training.precision != "float32":
        return False
    return not is_finite(case) or any(profile.underflowed for profile in case.profiles)


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={"training": {"precision": "float64"}},
        reason="If the run learns in double precision, single precision is the cause.",
    )


CARD = CauseCard(
    code="numeric_precision",
    family=Family.BUDGET_AND_SIZE,
    summary="Numbers under- or overflow in single precision.",
    distinction=(
        "The same step in double precision is finite and not 0; an expansive recurrence "
        "overflows in double precision too, only later."
    ),
    explains=OUTCOMES | {"non_finite", "vanishing_gradient"},
    is_possible=is_possible,
    evidence=(
        RATIO,
        RISE,
    ),
    experiment=experiment,
)
