"""Raise the learning rate by what the step-size probe measured."""

from app.domain.diagnosis.prose import short, two_digits
from app.domain.diagnosis.rates import LARGEST_FACTOR, between, calibrated, is_beyond, usual_rate
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: Without a measurement, and the least one that is advised.
FACTOR, MIN_FACTOR = 10.0, 3.0
#: Largest multiple of a usual rate.
MAX_OVER_USUAL = 10.0


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises the rate times the probe's factor, and half of the way from there to a usual one.

    Where even longer steps than the probe tried would be better, a usual rate is advised if it is
    higher. It is advised too where the loss hardly changes along a step, so that noise decides
    which multiple is the best.
    """
    present, usual = spec.optimizer.learning_rate, usual_rate(spec)
    factor = ailment.step_factor
    if factor is None:
        higher = present * FACTOR
    elif is_beyond(factor):
        higher = max(present * LARGEST_FACTOR, usual)
    elif factor < 1:
        higher = usual
    else:
        higher = present * max(MIN_FACTOR, calibrated(factor))
        higher = between(higher, usual) if higher < usual else higher
    higher = two_digits(min(higher, MAX_OVER_USUAL * usual))
    if higher < MIN_FACTOR * present:
        return None
    return Draft(
        patch={"optimizer": {"learning_rate": higher}},
        reason=_reason(factor, present, higher),
    )


def _reason(factor: float | None, present: float, higher: float) -> str:
    if factor is None:
        return (
            f"With {short(present)} the weights hardly change in the run's steps; try "
            f"{short(higher)}."
        )
    if factor < 1:
        return (
            f"With {short(present)} the loss hardly changes along an update; {short(higher)} suits "
            "most networks of this kind."
        )
    return (
        f"The loss of a fresh batch is least at {short(factor)} times the update, so that "
        f"steps with {short(present)} are too short; try {short(higher)}."
    )


CARD = RemedyCard(
    kind="raise_learning_rate",
    summary="Raise the learning rate by what the step-size probe measured.",
    source="Bengio 2012, practical recommendations; amount measured on the benchmark",
    changes=("optimizer.learning_rate",),
    cannot_act=(
        f"The learning rate would exceed {short(MAX_OVER_USUAL)} times a usual one, or would "
        f"rise less than {short(MIN_FACTOR)} times."
    ),
    causes=frozenset({"learning_rate_too_low", "too_few_steps", "clip_threshold_too_low"}),
    draw=draw,
)
