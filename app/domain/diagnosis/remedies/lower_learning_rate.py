"""Lower the learning rate by what the step-size probe measured."""

from pydantic import JsonValue

from app.domain.diagnosis.prose import counted, short, two_digits
from app.domain.diagnosis.rates import between, calibrated, usual_rate
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.optimizer.sgd import SgdSpec

#: Without a measurement, and the bounds of what is advised.
FACTOR, MIN_FACTOR, MAX_FACTOR = 0.1, 0.01, 1 / 3
MIN_LEARNING_RATE = 1e-7
#: The gradient of a smaller batch is mostly noise: it is enlarged as well.
MIN_BATCH_SIZE, USUAL_BATCH_SIZE = 8, 32
#: A larger momentum carries steps on for more than twenty steps; it is lowered to the usual one.
MAX_MOMENTUM, USUAL_MOMENTUM = 0.95, 0.9


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises the rate times the probe's factor, and half of the way from there to a usual one.

    The first probes count: later, a network that was thrown far has settled where its steps fit.
    """
    present = spec.optimizer.learning_rate
    factor = _factor(ailment.early_step_factor)
    usual = usual_rate(spec)
    lower = present * factor
    if lower > usual:
        lower = between(lower, usual)
    lower = two_digits(lower)
    if lower < MIN_LEARNING_RATE:
        return None
    patch: dict[str, JsonValue] = {"learning_rate": lower}
    if isinstance(spec.optimizer, SgdSpec) and spec.optimizer.momentum > MAX_MOMENTUM:
        patch["momentum"] = USUAL_MOMENTUM
    reason = _reason(ailment, present, lower)
    if spec.training.batch_size >= MIN_BATCH_SIZE:
        return Draft(patch={"optimizer": patch}, reason=reason)
    return Draft(
        patch={"optimizer": patch, "training": {"batch_size": USUAL_BATCH_SIZE}},
        reason=(
            f"{reason} With {counted(USUAL_BATCH_SIZE, 'sequence')} in a batch they are less noisy."
        ),
    )


def _factor(measured: float | None) -> float:
    if measured is None:
        return FACTOR
    return min(MAX_FACTOR, max(MIN_FACTOR, calibrated(measured)))


def _reason(ailment: Ailment, present: float, lower: float) -> str:
    if ailment.early_step_factor is None:
        return (
            f"With {short(present)} an update leaves the region in which its gradient is accurate."
        )
    return (
        f"At the start the loss of a fresh batch was least at {short(ailment.early_step_factor)} "
        f"times the update; a learning rate of {short(lower)} in place of {short(present)} "
        "makes smaller steps."
    )


CARD = RemedyCard(
    kind="lower_learning_rate",
    summary="Lower the learning rate by what the step-size probe measured.",
    source="Bengio 2012, practical recommendations; amount measured on the benchmark",
    changes=("optimizer.learning_rate", "optimizer.momentum", "training.batch_size"),
    cannot_act=(
        f"The learning rate would fall below {short(MIN_LEARNING_RATE)}, or the first forward pass "
        "failed, before any step."
    ),
    causes=frozenset({"learning_rate_too_high"}),
    draw=draw,
)
