"""The units start in the flat part of their activation."""

from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import RATIO, SATURATED, SATURATED_AT_START
from app.domain.diagnosis.possibility import is_absent_at_start
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    """Returns False if no value was saturated at the start."""
    return not is_absent_at_start(case, "saturated_fraction")


#: Gain of the input weights in the experiment.
GAIN = 0.1


def experiment(case: Case) -> Draft:
    start: dict[str, JsonValue] = {
        "recurrent": {"kind": "orthogonal", "gain": 1.0},
        "input": {"kind": "xavier_uniform", "gain": GAIN},
        "bias": {"kind": "zeros"},
    }
    if case.spec.forget_bias is not None:
        start["forget_bias"] = 1.0
    return Draft(
        patch={"init": start},
        reason="If the run learns from a start with small weights, its start was saturated.",
    )


CARD = CauseCard(
    code="saturated_start",
    family=Family.SHORT_MEMORY,
    summary="The units start in the flat part of their activation.",
    distinction=(
        "They are saturated at step 0 already, by the scale of the inputs, weights or biases; "
        "saturation that follows a jump of the loss comes from the updates."
    ),
    explains=OUTCOMES
    | {
        "saturated_gates",
        "saturated_activations",
        "vanishing_gradient",
        "exploding_gradient",
        "poor_initialization",
    },
    is_possible=is_possible,
    evidence=(
        SATURATED_AT_START,
        SATURATED,
        RATIO,
    ),
    experiment=experiment,
)
