"""The run has too few steps to learn the task."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.scores import NUM_STEPS, TRAINING_GAIN
from app.domain.diagnosis.measures.steps import BEST_STEP_FACTOR
from app.domain.diagnosis.possibility import is_blocked, is_finite
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


def is_possible(case: Case) -> bool:
    """Returns False, too, if a cut blocks the needed lag: more steps then learn nothing there."""
    return is_finite(case) and not is_blocked(case)


CARD = CauseCard(
    code="too_few_steps",
    family=Family.STEP_SIZE,
    summary="The run has too few steps to learn the task.",
    distinction=(
        "The loss still falls at the end at a rate that reaches the attainable score within a "
        "few times the steps; with a learning rate that is too low it needs many times the "
        "steps."
    ),
    explains=OUTCOMES | {"learning_rate_too_low", "vanishing_gradient"},
    is_possible=is_possible,
    evidence=(
        BEST_STEP_FACTOR,
        NUM_STEPS,
        TRAINING_GAIN,
    ),
    experiment=experiment,
)
