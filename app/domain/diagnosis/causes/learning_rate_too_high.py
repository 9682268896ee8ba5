"""The updates are longer than the loss allows."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.steps import (
    BEST_STEP_FACTOR,
    LEARNING_RATE,
    STEP_GAIN,
    UPDATE_RATIO,
    WEIGHT_GROWTH,
)
from app.domain.diagnosis.possibility import has_updated
from app.domain.diagnosis.prose import short, two_digits
from app.domain.diagnosis.remedy import Draft

#: Factor of the learning rate in the experiment.
FACTOR = 0.3
#: The smallest learning rate that an experiment asks for.
MIN_LEARNING_RATE = 1e-12


def experiment(case: Case) -> Draft | None:
    rate = two_digits(FACTOR * case.spec.optimizer.learning_rate)
    if rate < MIN_LEARNING_RATE:
        return None
    return Draft(
        patch={"optimizer": {"learning_rate": rate}},
        reason=f"If the run learns with a learning rate of {short(rate)}, the rate is too high.",
    )


CARD = CauseCard(
    code="learning_rate_too_high",
    family=Family.STEP_SIZE,
    summary="The updates are longer than the loss allows.",
    distinction=(
        "A small part of each update lowers the loss and the whole of it does not; an "
        "expansive recurrence has large gradients before the first update, and outliers "
        "disturb only the batches that hold them."
    ),
    explains=OUTCOMES
    | {
        "learning_rate_too_high",
        "exploding_gradient",
        "diverging_loss",
        "oscillating_loss",
        "non_finite",
        "clipping_masks_explosion",
        "clipping_always",
        "saturated_gates",
        "saturated_activations",
        "dead_units",
        "class_collapse",
    },
    is_possible=has_updated,
    evidence=(
        LEARNING_RATE,
        BEST_STEP_FACTOR,
        STEP_GAIN,
        UPDATE_RATIO,
        WEIGHT_GROWTH,
    ),
    experiment=experiment,
)
