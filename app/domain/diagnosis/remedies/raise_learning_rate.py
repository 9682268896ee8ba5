"""Raise the learning rate."""

from app.domain.diagnosis.evidence import two_digits
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

FACTOR = 10.0
MAX_LEARNING_RATE = 0.1


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.optimizer.learning_rate
    higher = two_digits(present * FACTOR)
    if higher > MAX_LEARNING_RATE:
        return None
    return Draft(
        patch={"optimizer": {"learning_rate": higher}},
        reason=f"With {present:g} the weights hardly change in the run's steps; try {higher:g}.",
    )


CARD = RemedyCard(
    kind="raise_learning_rate",
    summary="Raise the learning rate.",
    source="Bengio 2012, practical recommendations",
    changes=("optimizer.learning_rate",),
    cannot_act=f"The learning rate would rise above {MAX_LEARNING_RATE:g}.",
    causes=frozenset({"learning_rate_too_low"}),
    draw=draw,
)
