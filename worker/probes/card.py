"""The card that each probe states, and the look that each probe is given."""

from collections.abc import Callable, Collection, MutableMapping, Sequence
from dataclasses import dataclass
from enum import Enum

from torch import Tensor

from app.domain.quantities.probe import Check, ProbeName
from app.domain.quantities.quantity import Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import (
    LagProfile,
    PositionProfile,
    ProbeGap,
    Reading,
    ScalarReading,
    ScoreDetails,
)
from worker.gradients import Tensors
from worker.replay.sample import ProbeSample, ReplayableNetwork


class Moment(Enum):
    """When a probe measures within a step."""

    #: The weights that the step starts from.
    BEFORE_STEP = "before_step"
    #: The change that the step made to them.
    AFTER_UPDATE = "after_update"


@dataclass(frozen=True, kw_only=True)
class Update:
    """One change of the weights, as training made it; tensors are in the order of `names`."""

    names: tuple[str, ...]
    weights_before: Tensors
    weights_after: Tensors
    #: Of the mean loss, without penalties, before clipping.
    loss_gradients: Tensors
    #: Of the penalties, and of a weight decay that is added to the gradient.
    penalty_gradients: Tensors
    #: The part of the change that a decoupled weight decay made.
    decays: Tensors
    #: What the optimizer was given: with penalties, after clipping, without a weight decay.
    given_gradients: Tensors
    #: Its running mean of the squared gradient after the update, corrected for its bias; None if
    #: it keeps none.
    second_moments: Tensors | None
    #: What the optimizer adds to the root of that mean.
    eps: float
    #: Mean loss without penalties and dropout on the batch of the step, at the given weights.
    loss_of_batch: Callable[[Tensors], float]
    #: The same on a batch that the step has not seen.
    loss_of_fresh_batch: Callable[[Tensors], float]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One network at one step. A probe changes nothing here except its own entry in `kept`."""

    model: ReplayableNetwork
    sample: ProbeSample
    step: int
    #: All names that are asked for, also those of other probes.
    wanted: frozenset[str]
    #: In timesteps; None if the task's required lag is unknown.
    required_lag: int | None
    #: Timesteps through which the training gradient flows back; None means all.
    bptt_length: int | None = None
    #: Of the run. A probe that draws numbers derives its own seed from it.
    seed: int
    #: Loss terms whose gradients are followed back.
    max_anchors: int
    #: Quantity -> the tensor that its probe needs again at the next step.
    kept: MutableMapping[str, Tensor]
    #: Sequences that the network is trained on; None where a caller has none.
    training: ProbeSample | None = None
    #: Given to probes that measure after an update, and to them alone.
    update: Update | None = None

    def first(self, num_sequences: int) -> ProbeSample:
        """The first sequences of the sample, or all when there are fewer."""
        return self.sample.take(0, num_sequences, many_to_one=self.model.many_to_one)

    def reading(self, quantity: str, scope: Scope, value: float) -> ScalarReading:
        return ScalarReading(step=self.step, quantity=quantity, scope=scope, value=value)

    def gap(self, quantity: str, scope: Scope, reason: str) -> ProbeGap:
        """Why a quantity has no reading, as a clause: "the state has 8192 coordinates"."""
        return ProbeGap(step=self.step, quantity=quantity, scope=scope, reason=reason)


def its_quantity(reading: Reading) -> Collection[str]:
    """The quantity of a number or a gap."""
    match reading:
        case ScalarReading(quantity=quantity) | ProbeGap(quantity=quantity):
            return (quantity,)
        case LagProfile() | PositionProfile() | ScoreDetails():
            return ()


@dataclass(frozen=True, kw_only=True)
class ProbeCard:
    """All that is known of one probe, stated once, in its own module."""

    #: What it measures. One card alone defines a quantity that two probes measure.
    quantities: tuple[Quantity, ...]
    #: Names to ask for it by. A probe without names measures whenever probes are taken.
    names: tuple[ProbeName, ...] = ()
    #: Names on other cards that ask for this probe too.
    other_names: tuple[str, ...] = ()
    #: The names by which one of its readings or gaps can be asked for.
    names_of: Callable[[Reading], Collection[str]] = its_quantity
    #: Empty for a probe that checks nothing.
    checks: tuple[Check, ...] = ()
    moment: Moment = Moment.BEFORE_STEP
    measure: Callable[[Look], Sequence[Reading]]

    def is_asked_for(self, wanted: Collection[str]) -> bool:
        names = {*(one.name for one in self.names), *self.other_names}
        return not names or not names.isdisjoint(wanted)
