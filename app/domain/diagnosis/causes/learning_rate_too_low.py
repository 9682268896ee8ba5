"""The updates are too small to learn the task in the run's steps."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.steps import (
    BEST_STEP_FACTOR,
    LEARNING_RATE,
    STEP_GAIN,
    UPDATE_RATIO,
)
from app.domain.diagnosis.possibility import is_finite
from app.domain.diagnosis.prose import short, two_digits
from app.domain.diagnosis.remedy import Draft

#: Factor of the learning rate in the experiment.
FACTOR = 3.0
#: The largest learning rate that an experiment asks for.
MAX_LEARNING_RATE = 10.0


def experiment(case: Case) -> Draft | None:
    rate = two_digits(FACTOR * case.spec.optimizer.learning_rate)
    if rate > MAX_LEARNING_RATE:
        return None
    return Draft(
        patch={"optimizer": {"learning_rate": rate}},
        reason=(
            f"If the loss falls faster with a learning rate of {short(rate)}, the steps are too "
            "small or too few."
        ),
    )


CARD = CauseCard(
    code="learning_rate_too_low",
    family=Family.STEP_SIZE,
    summary="The updates are too small to learn the task in the run's steps.",
    distinction=(
        "A much longer update would lower the loss further, and the loss still falls; a "
        "network whose gradient does not reach the required lag gains nothing from longer "
        "updates."
    ),
    explains=OUTCOMES | {"learning_rate_too_low", "vanishing_gradient"},
    is_possible=is_finite,
    evidence=(
        LEARNING_RATE,
        BEST_STEP_FACTOR,
        STEP_GAIN,
        UPDATE_RATIO,
    ),
    experiment=experiment,
)
