"""The list of all probes, and their run at one step."""

import math
from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from app.domain.quantities import ProbeQuantity
from app.domain.quantities.probe import Tier
from app.domain.quantities.trained import PROBE_SECONDS
from app.domain.scopes import Scope
from app.domain.telemetry import LagProfile, ProbeGap, Reading, ScalarReading, of_kind
from worker.concurrency import Submit, in_caller
from worker.probes import (
    activations,
    adjoint,
    checksum,
    gate_products,
    gates,
    jacobian_singular_values,
    lag_profile,
    loss_gradient,
    lyapunov,
    outputs,
    position_profile,
    recurrent_matrix,
    second_moment,
    state_growth,
    step_shares,
    step_size,
    sum_rule,
)
from worker.probes.card import Look, Moment, ProbeCard, Update
from worker.replay.anchors import sequences_needed
from worker.replay.preparation import SharedSample
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: Loss terms followed back. With 128 a horizon repeats within a tenth; with four it does not.
ANCHORS: dict[Tier, int] = {"economy": 32, "standard": 128, "full": 256}
#: Fewer give an interval that says nothing.
MIN_ANCHORS = 16
#: In the order in which the catalogue lists what they measure.
PROBES: tuple[ProbeCard, ...] = (
    lag_profile.CARD,
    recurrent_matrix.CARD,
    gates.CARD,
    activations.CARD,
    lyapunov.CARD,
    sum_rule.CARD,
    checksum.CARD,
    adjoint.CARD,
    jacobian_singular_values.CARD,
    position_profile.CARD,
    loss_gradient.CARD,
    state_growth.CARD,
    gate_products.CARD,
    outputs.CARD,
    step_size.CARD,
    step_shares.CARD,
    second_moment.CARD,
)
_NAMES = tuple(name for card in PROBES for name in card.names)
#: The names of what is measured of an update.
OF_UPDATES = frozenset(
    name.name for card in PROBES if card.moment is Moment.AFTER_UPDATE for name in card.names
)


@dataclass(frozen=True, kw_only=True)
class ProbeOrder:
    """What the probes of one step are to measure."""

    tier: Tier
    #: None: what the tier includes.
    quantities: tuple[ProbeQuantity, ...] | None = None
    required_lag: int | None
    #: Share of the tier's loss terms that are followed back.
    share_of_anchors: float = 1.0
    #: Timesteps through which the training gradient flows back; None means all.
    bptt_length: int | None = None
    seed: int

    @property
    def max_anchors(self) -> int:
        """Loss terms that are followed back; never fewer than MIN_ANCHORS."""
        most = ANCHORS[self.tier]
        return min(most, max(MIN_ANCHORS, round(self.share_of_anchors * most)))

    @property
    def wanted(self) -> frozenset[str]:
        """The names that are asked for. Probes without a name measure in any case."""
        if self.quantities is not None:
            return frozenset(self.quantities)
        return frozenset(name.name for name in _NAMES if name.is_in(self.tier))


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What the probes of one step found."""

    #: `probe_seconds` of this step is among them.
    readings: tuple[Reading, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """The wanted readings of one probe."""

    card: ProbeCard
    readings: Sequence[Reading]

    def names(self) -> Iterator[str]:
        """The names that are answered by a reading or a gap."""
        for one in self.readings:
            yield from self.card.names_of(one)

    def without_nan(self, *, has_profiles: bool) -> Iterator[Reading]:
        """With a gap for each NaN, which is no measurement. With NaN a check that decides fails."""
        decide = {check.quantity for check in self.card.checks if not check.superseded_by}
        verdicts = decide if has_profiles else frozenset[str]()
        for one in self.readings:
            is_nan = isinstance(one, ScalarReading) and math.isnan(one.value)
            if isinstance(one, ScalarReading) and is_nan and one.quantity not in verdicts:
                reason = "what it is made of is not finite, or 0 / 0"
                yield ProbeGap(step=one.step, quantity=one.quantity, scope=one.scope, reason=reason)
            else:
                yield one


def sample_size(tier: Tier, *, many_to_one: bool) -> int:
    """Sequences that a sample for this tier should have. It may have fewer."""
    return sequences_needed(ANCHORS[tier], many_to_one=many_to_one)


def run_probes(
    model: ReplayableNetwork,
    sample: ProbeSample,
    order: ProbeOrder,
    *,
    step: int,
    clock: Callable[[], float],
    kept: MutableMapping[str, Tensor],
    training: ProbeSample | None = None,
    submit: Submit = in_caller,
) -> ProbeResult:
    """Run the lag profile, its checks and the wanted probes on one linearisation of the sample.

    No weight, gradient, generator or mode of the model changes. The calling thread measures the lag
    profile; `submit` runs the others. `kept` holds what probes need again at the next step.
    """
    started = clock()
    look = Look(
        model=model,
        sample=SharedSample.of(sample),
        step=step,
        wanted=order.wanted,
        required_lag=order.required_lag,
        bptt_length=order.bptt_length,
        seed=order.seed,
        max_anchors=order.max_anchors,
        kept=kept,
        training=training,
    )
    lag_profile.share_linearisation(look)
    others = [
        submit(partial(_answer, card, look))
        for card in _others(look.wanted)
        if card.moment is Moment.BEFORE_STEP
    ]
    flow = _answer(lag_profile.CARD, look)
    answers = [other() for other in others]
    has_profiles = bool(of_kind(LagProfile, flow.readings))
    found = [one for answer in answers for one in answer.without_nan(has_profiles=has_profiles)]
    gaps = _gaps(look, order.quantities or (), answers, moment=Moment.BEFORE_STEP)
    seconds = clock() - started
    cost = look.reading(PROBE_SECONDS, Scope.model(), seconds)
    return ProbeResult(readings=(*found, *gaps, *flow.readings, cost), seconds=seconds)


def measures_updates(order: ProbeOrder) -> bool:
    """Returns whether one of the wanted probes measures the change that the step makes."""
    return not OF_UPDATES.isdisjoint(order.wanted)


def run_update_probes(
    model: ReplayableNetwork,
    sample: ProbeSample,
    order: ProbeOrder,
    update: Update,
    *,
    step: int,
    clock: Callable[[], float],
) -> ProbeResult:
    """Run the wanted probes of the change that step `step` made; they change nothing."""
    started = clock()
    look = Look(
        model=model,
        sample=sample,
        step=step,
        wanted=order.wanted,
        required_lag=order.required_lag,
        bptt_length=order.bptt_length,
        seed=order.seed,
        max_anchors=order.max_anchors,
        kept={},
        update=update,
    )
    moment = Moment.AFTER_UPDATE
    answers = [_answer(card, look) for card in _others(look.wanted) if card.moment is moment]
    found = [one for answer in answers for one in answer.without_nan(has_profiles=False)]
    gaps = _gaps(look, order.quantities or (), answers, moment=moment)
    return ProbeResult(readings=(*found, *gaps), seconds=clock() - started)


def _others(wanted: Collection[str]) -> list[ProbeCard]:
    """All that measure, except for the lag profile; those without a name come first."""
    others = [one for one in PROBES if one is not lag_profile.CARD and one.is_asked_for(wanted)]
    return sorted(others, key=lambda card: bool(card.names))


def _answer(card: ProbeCard, look: Look) -> _Answer:
    found = card.measure(look)
    if not card.names:
        return _Answer(card=card, readings=found)
    wanted = [one for one in found if not look.wanted.isdisjoint(card.names_of(one))]
    return _Answer(card=card, readings=wanted)


def _gaps(
    look: Look, asked: Sequence[ProbeQuantity], answers: Sequence[_Answer], *, moment: Moment
) -> Iterator[ProbeGap]:
    """For each name of the moment that was asked for and that this network has nothing for."""
    names = (name for card in PROBES if card.moment is moment for name in card.names)
    needs = {name.name: name.needs for name in names if name.needs}
    answered = {name for answer in answers for name in answer.names()}
    for name in asked:
        if name in needs and name not in answered:
            yield look.gap(name, Scope.model(), f"the network has no {needs[name]}")
