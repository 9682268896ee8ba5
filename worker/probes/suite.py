"""All probes of one moment: the one list of them, and what they cost."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from torch import Tensor

from app.domain.integrity import LIMITS
from app.domain.quantities import ProbeQuantity
from app.domain.telemetry import LagProfile, PositionProfile, ProbeGap, ScalarReading
from worker.aside import Aside, in_turn
from worker.probes.activations import measure_activations
from worker.probes.adjoint import measure_adjoint_error
from worker.probes.checksum import measure_checksum
from worker.probes.gates import measure_gates
from worker.probes.jacobian_singular_values import measure_jacobian_singular_values
from worker.probes.lag_profile import measure_lag_profiles, share_linearisation
from worker.probes.loss_gradient import measure_loss_gradient
from worker.probes.lyapunov import measure_lyapunov_exponents, measure_lyapunov_spectrum
from worker.probes.position_profile import measure_position_profiles
from worker.probes.recurrent_matrix import measure_recurrent_matrices
from worker.probes.sum_rule import measure_sum_rule
from worker.replay.anchors import sequences_needed
from worker.replay.preparation import SharedSample
from worker.replay.sample import ProbeSample, ReplayableNetwork

Tier = Literal["economy", "standard", "full"]
Found = ScalarReading | PositionProfile | ProbeGap

#: Loss terms followed back: with 128 a horizon repeats within a tenth, with four it scatters.
ANCHORS: dict[Tier, int] = {"economy": 32, "standard": 128, "full": 256}


class Probe(Protocol):
    def __call__(
        self, model: ReplayableNetwork, sample: ProbeSample, *, step: int
    ) -> tuple[Found, ...]: ...


#: Whether the lag profile can be believed: never left out.
CHECKS: tuple[Probe, ...] = (measure_checksum, measure_adjoint_error)
#: What each probe can be asked for, in the order in which they run.
PROBES: tuple[tuple[Probe, tuple[ProbeQuantity, ...]], ...] = (
    (measure_recurrent_matrices, ("spectral_radius", "sigma_max", "vanishing_certificate")),
    (measure_gates, ("gate_mean", "saturated_fraction", "mean_derivative", "time_constant")),
    (
        measure_activations,
        ("saturated_fraction", "mean_derivative", "dead_fraction", "always_on_fraction"),
    ),
    (measure_lyapunov_exponents, ("lyapunov_exponents",)),
    (measure_lyapunov_spectrum, ("lyapunov_spectrum",)),
    (measure_sum_rule, ("sum_rule",)),
    (
        measure_jacobian_singular_values,
        (
            "jacobian_singular_values",
            "jacobian_sigma_max",
            "jacobian_sigma_min",
            "jacobian_condition",
        ),
    ),
    (measure_position_profiles, ("hidden_grad_norm", "cell_grad_norm")),
)
_GRADIENT: tuple[ProbeQuantity, ...] = ("gradient_noise_scale", "gradient_agreement")
_ECONOMY: tuple[ProbeQuantity, ...] = (
    "gate_mean",
    "saturated_fraction",
    "mean_derivative",
    "time_constant",
    "dead_fraction",
    "always_on_fraction",
)
_STANDARD: tuple[ProbeQuantity, ...] = (
    *_ECONOMY,
    "spectral_radius",
    "sigma_max",
    "vanishing_certificate",
    "lyapunov_exponents",
    "sum_rule",
)
#: What a tier measures beside the lag profile and its checks. No tier has the whole spectrum.
TIERS: dict[Tier, tuple[ProbeQuantity, ...]] = {
    "economy": _ECONOMY,
    "standard": _STANDARD,
    "full": (
        *_STANDARD,
        "jacobian_singular_values",
        "jacobian_sigma_max",
        "jacobian_sigma_min",
        "jacobian_condition",
        "hidden_grad_norm",
        "cell_grad_norm",
        *_GRADIENT,
    ),
}
#: What a network must have for a quantity that not every network has.
NEEDS: dict[ProbeQuantity, str] = {
    "vanishing_certificate": "layer with a single recurrent matrix (elman)",
    "gate_mean": "gates",
    "time_constant": "gates that keep the state",
    "saturated_fraction": "gates or tanh units",
    "mean_derivative": "gates or non-linear units",
    "dead_fraction": "relu units",
    "always_on_fraction": "relu units",
    "cell_grad_norm": "cell state (lstm)",
}


@dataclass(frozen=True, kw_only=True)
class ProbeOrder:
    """What a run wants of its probes."""

    tier: Tier
    #: None is what the tier has.
    quantities: tuple[ProbeQuantity, ...] | None = None
    required_lag: int | None
    seed: int

    @property
    def wanted(self) -> tuple[ProbeQuantity, ...]:
        return TIERS[self.tier] if self.quantities is None else self.quantities


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    profiles: tuple[LagProfile, ...]
    #: `probe_seconds` of this probe is among them.
    readings: tuple[ScalarReading, ...]
    positions: tuple[PositionProfile, ...]
    gaps: tuple[ProbeGap, ...]
    #: The sample's gradient, for a later probe to compare with; None where none was wanted.
    gradient_P: Tensor | None
    seconds: float


def sample_size(tier: Tier, *, many_to_one: bool) -> int:
    """Sequences that a sample for this tier should have; fewer are made do with."""
    return sequences_needed(ANCHORS[tier], many_to_one=many_to_one)


def run_probes(
    model: ReplayableNetwork,
    sample: ProbeSample,
    order: ProbeOrder,
    *,
    step: int,
    clock: Callable[[], float],
    previous_gradient_P: Tensor | None = None,
    aside: Aside = in_turn,
) -> ProbeResult:
    """No weight, no gradient, no generator and no mode of the model changes.

    All look at one linearisation, made first; the lag profile is the caller's part, the others
    are done after it or aside.
    """
    started = clock()
    sample = SharedSample.of(sample)
    share_linearisation(model, sample, max_anchors=ANCHORS[order.tier])
    answers = _asked(model, sample, order, step=step, aside=aside)
    profiles = measure_lag_profiles(
        model,
        sample,
        step=step,
        required_lag=order.required_lag,
        seed=order.seed,
        max_anchors=ANCHORS[order.tier],
    )
    found = [one for answer in answers for one in answer()]
    gradient_P: Tensor | None = None
    if set(_GRADIENT) & set(order.wanted):
        of_gradient, gradient_P = measure_loss_gradient(
            model, sample, step=step, previous_P=previous_gradient_P
        )
        found += [one for one in of_gradient if _asked_as(one) & {*order.wanted}]
    found += _gaps_in(order, found, step)
    if not profiles:
        found.append(_unmeasured_profile(step))
    found = list(_numbers_or_gaps(found, has_profiles=bool(profiles)))
    seconds = clock() - started
    cost = ScalarReading(step=step, quantity="probe_seconds", scope="model", value=seconds)
    return ProbeResult(
        profiles=profiles,
        readings=(*(one for one in found if isinstance(one, ScalarReading)), cost),
        positions=tuple(one for one in found if isinstance(one, PositionProfile)),
        gaps=tuple(one for one in found if isinstance(one, ProbeGap)),
        gradient_P=gradient_P,
        seconds=seconds,
    )


def _asked(
    model: ReplayableNetwork, sample: ProbeSample, order: ProbeOrder, *, step: int, aside: Aside
) -> list[Callable[[], tuple[Found, ...]]]:
    """Of each check and each probe that is wanted, what gives its answer."""
    wanted = set(order.wanted)
    if "lyapunov_spectrum" in wanted:
        # it begins with the largest exponents: these would come twice
        wanted.discard("lyapunov_exponents")

    def measure_wanted(measure: Probe) -> tuple[Found, ...]:
        return tuple(one for one in measure(model, sample, step=step) if _asked_as(one) & wanted)

    chosen = [measure for measure, quantities in PROBES if not wanted.isdisjoint(quantities)]
    return [
        *(aside(partial(check, model, sample, step=step)) for check in CHECKS),
        *(aside(partial(measure_wanted, measure)) for measure in chosen),
    ]


def _asked_as(one: Found) -> set[str]:
    """Names under which it can be asked for."""
    if isinstance(one, PositionProfile):
        has_cell = one.log_cell_T is not None
        return {"hidden_grad_norm", "cell_grad_norm"} if has_cell else {"hidden_grad_norm"}
    if one.quantity == "hidden_grad_norm":
        return {"hidden_grad_norm", "cell_grad_norm"}
    if one.quantity.startswith("lyapunov_"):
        return {"lyapunov_exponents", "lyapunov_spectrum"}
    if one.quantity.startswith("jacobian_"):
        return {one.quantity, "jacobian_singular_values"}
    return {one.quantity.partition(".")[0]}


def _gaps_in(order: ProbeOrder, found: list[Found], step: int) -> list[ProbeGap]:
    """What was asked for by name and this network does not have."""
    answered = set().union(*map(_asked_as, found))
    return [
        ProbeGap(
            step=step,
            quantity=quantity,
            scope="model",
            reason=f"the network has no {NEEDS[quantity]}",
        )
        for quantity in order.quantities or ()
        if quantity not in answered and quantity in NEEDS
    ]


def _numbers_or_gaps(found: Iterable[Found], *, has_profiles: bool) -> Iterator[Found]:
    """NaN is no measurement; as the check of a profile that there is, it says not to trust it."""
    for one in found:
        is_verdict = isinstance(one, ScalarReading) and one.quantity in LIMITS and has_profiles
        if isinstance(one, ScalarReading) and math.isnan(one.value) and not is_verdict:
            reason = "what it is made of is not finite, or 0 / 0"
            yield ProbeGap(step=one.step, quantity=one.quantity, scope=one.scope, reason=reason)
        else:
            yield one


def _unmeasured_profile(step: int) -> ProbeGap:
    reason = "the states or the losses are not finite, or no loss term counts"
    return ProbeGap(step=step, quantity="gradient_horizon", scope="model", reason=reason)
