"""Lower the learning rate by what the step-size probe measured."""

from pydantic import JsonValue

from app.domain.diagnosis.prose import counted, short, two_digits
from app.domain.diagnosis.rates import MAX_OVER_USUAL, between, calibrated, usual_rate
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.optimizer.sgd import SgdSpec
from app.domain.specs.patch import patched

#: Without a measurement, and the bounds of what is advised.
FACTOR, MIN_FACTOR, MAX_FACTOR = 0.1, 0.01, 1 / 3
MIN_LEARNING_RATE = 1e-7
#: The gradient of a smaller batch is mostly noise: it is enlarged as well.
MIN_BATCH_SIZE, USUAL_BATCH_SIZE = 8, 32
#: A larger momentum carries steps on for more than twenty steps; it is lowered to the usual one.
MAX_MOMENTUM, USUAL_MOMENTUM = 0.95, 0.9


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises the rate times the probe's factor, and half of the way from there to a usual one.

    It is never more than a few times a usual one: where the first step threw the network far, the
    probe's factor says little of the step that a fresh start can bear. A momentum that is lowered
    shortens the steps too, which counts. The gradient of a small batch shortens the best step by
    its noise, in about the ratio of the batches (McCandlish et al. 2018), so that a larger batch
    bears longer ones.
    """
    treated, is_enlarged = _with_usual_momentum(spec), spec.training.batch_size < MIN_BATCH_SIZE
    measured = ailment.early_step_factor
    if measured is not None and is_enlarged:
        measured *= USUAL_BATCH_SIZE / spec.training.batch_size
    lower = _rate(spec, treated, _factor(measured))
    if lower < MIN_LEARNING_RATE:
        return None
    patch: dict[str, JsonValue] = {"learning_rate": lower}
    if treated != spec:
        patch["momentum"] = USUAL_MOMENTUM
    reason = _reason(ailment, spec, lower)
    if not is_enlarged:
        return Draft(patch={"optimizer": patch}, reason=reason)
    return Draft(
        patch={"optimizer": patch, "training": {"batch_size": USUAL_BATCH_SIZE}},
        reason=(
            f"{reason} With {counted(USUAL_BATCH_SIZE, 'sequence')} in a batch they are less noisy."
        ),
    )


def _with_usual_momentum(spec: JobSpec) -> JobSpec:
    optimizer = spec.optimizer
    if isinstance(optimizer, SgdSpec) and optimizer.momentum > MAX_MOMENTUM:
        return patched(spec, {"optimizer": {"momentum": USUAL_MOMENTUM}})
    return spec


def _rate(spec: JobSpec, treated: JobSpec, factor: float) -> float:
    """Returns the rate for the treated spec, whose momentum may be lower."""
    present, usual = spec.optimizer.learning_rate, usual_rate(treated)
    # a usual rate is in proportion to 1 - momentum
    lower = present * factor * usual / usual_rate(spec)
    if lower > usual:
        lower = min(between(lower, usual), MAX_OVER_USUAL * usual)
    return two_digits(min(lower, present))


def _factor(measured: float | None) -> float:
    if measured is None:
        return FACTOR
    return min(MAX_FACTOR, max(MIN_FACTOR, calibrated(measured)))


def _reason(ailment: Ailment, spec: JobSpec, lower: float) -> str:
    present = spec.optimizer.learning_rate
    if lower >= present:
        return (
            "A momentum near 1 carries a step on for so long that it leaves the region in which "
            f"its gradient is accurate; {short(USUAL_MOMENTUM)} carries it on for ten steps."
        )
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
    source="Bengio 2012; Greff et al. 2017, section V; amount measured by the step-size probe",
    changes=("optimizer.learning_rate", "optimizer.momentum", "training.batch_size"),
    cannot_act=(
        f"The learning rate would fall below {short(MIN_LEARNING_RATE)}, or the first forward pass "
        "failed, before any step."
    ),
    causes=frozenset({"learning_rate_too_high"}),
    draw=draw,
)
