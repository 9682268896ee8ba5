"""Lower the learning rate."""

from app.domain.diagnosis.evidence import two_digits
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

FACTOR = 10.0
MIN_LEARNING_RATE = 1e-7


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.optimizer.learning_rate
    lower = two_digits(present / FACTOR)
    if lower < MIN_LEARNING_RATE:
        return None
    return Draft(
        patch={"optimizer": {"learning_rate": lower}},
        reason=(
            f"With {present:g} an update can leave the region in which its gradient is accurate; "
            f"try {lower:g}."
        ),
    )


CARD = RemedyCard(
    kind="lower_learning_rate",
    summary="Lower the learning rate.",
    source="Bengio 2012, practical recommendations",
    changes=("optimizer.learning_rate",),
    cannot_act=f"The learning rate would fall below {MIN_LEARNING_RATE:g}.",
    causes=frozenset({"learning_rate_too_high", "expansive_recurrence"}),
    # there, the direction of the gradient is wrong and not the length of the step
    excluded_findings=frozenset({"clipping_masks_explosion"}),
    draw=draw,
)
