"""The state grows along the sequence."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import RISE, STATE_GROWTH
from app.domain.diagnosis.possibility import is_sequential


def is_possible(case: Case) -> bool:
    """Returns whether a state is without bounds: that of a cell, or of units other than tanh."""
    model = case.spec.model
    is_bounded = model.nonlinearity == "tanh" and model.card.state == ("h",)
    return is_sequential(case) and not is_bounded


CARD = CauseCard(
    code="state_growth",
    family=Family.EXPANSION,
    summary="The state grows along the sequence.",
    distinction=(
        "The norm of the state rises with the position while the gradient does not grow with "
        "the lag; longer sequences fail first."
    ),
    explains=OUTCOMES | {"exploding_gradient", "non_finite"},
    is_possible=is_possible,
    evidence=(
        STATE_GROWTH,
        RISE,
    ),
)
