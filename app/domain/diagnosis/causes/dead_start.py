"""Relu units are never positive from the start."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import DEAD, DEAD_AT_START
from app.domain.diagnosis.possibility import is_absent_at_start
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    """Returns whether the units are relu, unless none was dead at the start."""
    return case.spec.model.nonlinearity == "relu" and not is_absent_at_start(case, "dead_fraction")


def experiment(_case: Case) -> Draft:
    return Draft(
        patch={
            "model": {"activation": "tanh"},
            "init": {"recurrent": {"kind": "orthogonal", "gain": 1.0}},
        },
        reason="If the run learns with tanh units, which cannot die, dead units are the cause.",
    )


CARD = CauseCard(
    code="dead_start",
    family=Family.SHORT_MEMORY,
    summary="Relu units are never positive from the start.",
    distinction=(
        "They are dead at step 0 already, by the scale or the sign of weights and biases; "
        "units that die after a jump of the loss were pushed there by an update."
    ),
    explains=OUTCOMES | {"dead_units", "vanishing_gradient", "poor_initialization"},
    is_possible=is_possible,
    evidence=(
        DEAD_AT_START,
        DEAD,
    ),
    experiment=experiment,
)
