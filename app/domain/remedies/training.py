"""Remedies that change how the run trains: clipping, learning rate, truncation, length."""

from math import floor, log10

from pydantic import JsonValue

from app.domain.remedies.remedy import Ailment, Draft
from app.domain.specs.clipping.norm import NormClipping
from app.domain.specs.job import JobSpec

#: Clipping at a norm outside of these is of no use to anybody.
MIN_MAX_NORM, MAX_MAX_NORM = 1e-3, 1.0
LEARNING_RATE_FACTOR = 10.0
MIN_LEARNING_RATE, MAX_LEARNING_RATE = 1e-7, 0.1
LONGER_FACTOR = 3
MAX_STEPS = 100_000_000
#: Of the present number of timesteps, where the required lag is not known.
SHORTER_FACTOR = 4


def clip_norm(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Pascanu et al. take 0.5 to 10 times a usual norm; an exploded one is no guide: at most 1."""
    if not ailment.is_gradient_finite:
        return None
    usual = ailment.grad_norm or MAX_MAX_NORM
    max_norm = _two_digits(min(MAX_MAX_NORM, max(MIN_MAX_NORM, usual)))
    present = spec.clipping
    patch: dict[str, JsonValue] = {"kind": "norm", "max_norm": max_norm}
    if isinstance(present, NormClipping):
        if present.max_norm <= max_norm:
            return None
        patch["min_norm"] = None
    return Draft(
        patch={"clipping": patch},
        reason=(
            f"The norm before clipping is usually {usual:.2g}; held to {max_norm:g}, one bad batch "
            "cannot throw the weights away. Clipping bounds a gradient from above only and keeps "
            "none from vanishing."
        ),
    )


def lower_learning_rate(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.optimizer.learning_rate
    lower = _two_digits(present / LEARNING_RATE_FACTOR)
    if lower < MIN_LEARNING_RATE:
        return None
    return Draft(
        patch={"optimizer": {"learning_rate": lower}},
        reason=(
            f"At {present:g} an update can leave the region in which its gradient is right; "
            f"try {lower:g}."
        ),
    )


def raise_learning_rate(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.optimizer.learning_rate
    higher = _two_digits(present * LEARNING_RATE_FACTOR)
    if higher > MAX_LEARNING_RATE:
        return None
    return Draft(
        patch={"optimizer": {"learning_rate": higher}},
        reason=f"At {present:g} the weights hardly move in the steps asked for; try {higher:g}.",
    )


def lengthen_bptt(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.training.bptt_length
    if present is None:
        return None
    return Draft(
        patch={"training": {"bptt_length": None}},
        reason=(
            f"A gradient that is cut after {present} timesteps cannot reach further; "
            "let it flow through all."
        ),
    )


def shorten_bptt(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Never below what the required lag needs."""
    present = spec.training.bptt_length or ailment.length
    if present is None:
        return None
    lag = ailment.required_lag
    wanted = present // SHORTER_FACTOR if lag is None else lag + 1
    if not 1 <= wanted < present:
        return None
    return Draft(
        patch={"training": {"bptt_length": wanted}},
        reason=(
            f"The gradient is multiplied at each of {present} timesteps; "
            f"{wanted} of them bound its growth."
        ),
    )


def train_longer(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.training.num_steps
    longer = min(MAX_STEPS, LONGER_FACTOR * present)
    if longer == present:
        return None
    return Draft(
        patch={"training": {"num_steps": longer}},
        reason=(
            f"{present} steps may be too few: on long lags the loss stays flat for long "
            "before it falls."
        ),
    )


def _two_digits(value: float) -> float:
    """Rounded to two significant digits."""
    return round(value, 1 - floor(log10(value))) if value > 0 else value
