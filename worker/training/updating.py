"""Keeps what the probes of an update need: copies from before the update and from after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from app.domain.specs.optimizer.base import TorchOptimizer
from worker.datasets.task import Batch
from worker.gradients import Tensors
from worker.probes.card import Update
from worker.training.learner import Learner
from worker.training.penalties import add_penalty_gradients_

#: A limit, since several copies of the weights are kept for the length of a probe.
MAX_PARAMETERS = 20_000_000
#: Sequences of a batch that the loss is measured on, at most and at least.
MAX_SEQUENCES, MIN_SEQUENCES = 64, 8


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A step whose update is to be measured, seen before its gradient is clipped."""

    step: int
    batch: Batch
    rate: float
    weights_before: Sequence[Tensor]
    loss_gradients: Sequence[Tensor]
    penalty_gradients: Sequence[Tensor]

    @classmethod
    def before_clipping(cls, learner: Learner, batch: Batch, *, step: int, rate: float) -> Self:
        """Copies weights and gradients. The gradient has that of the penalties in it."""
        weights = learner.weights
        penalties = [torch.zeros_like(weight) for weight in weights]
        add_penalty_gradients_(penalties, weights, learner.spec.regularization)
        loss_gradients = [
            gradient - penalty
            for gradient, penalty in zip(learner.gradients(), penalties, strict=True)
        ]
        if not learner.spec.optimizer.in_torch.is_decay_decoupled:
            torch._foreach_add_(penalties, list(weights), alpha=learner.spec.optimizer.weight_decay)
        return cls(
            step=step,
            batch=batch,
            rate=rate,
            weights_before=[weight.clone() for weight in weights],
            loss_gradients=loss_gradients,
            penalty_gradients=penalties,
        )

    def after_update(self, learner: Learner, *, share: float) -> Update:
        """Completes it while the gradient that the optimizer was given is still there.

        Losses are measured on this share of `MAX_SEQUENCES`.
        """
        most = max(MIN_SEQUENCES, round(share * MAX_SEQUENCES))
        optimizer = learner.spec.optimizer
        decay = self.rate * optimizer.weight_decay * optimizer.in_torch.is_decay_decoupled
        training, to_one = learner.spec.training, learner.task.facts.many_to_one
        fresh = learner.batch(training.num_steps + self.step)
        own_part, fresh_part = (
            batch.take(0, most, many_to_one=to_one) for batch in (self.batch, fresh)
        )
        after = [weight.clone() for weight in learner.weights]
        return Update(
            names=learner.tensor_names,
            weights_before=self.weights_before,
            weights_after=after,
            loss_gradients=self.loss_gradients,
            penalty_gradients=self.penalty_gradients,
            decays=[-decay * weight for weight in self.weights_before],
            given_gradients=[gradient.clone() for gradient in learner.gradients()],
            second_moments=_second_moments(learner, optimizer.in_torch),
            eps=float(getattr(optimizer, "eps", 0.0)),
            loss_of_batch=lambda weights: loss_at(learner, weights, after, own_part),
            loss_of_fresh_batch=lambda weights: loss_at(learner, weights, after, fresh_part),
        )


def can_watch(learner: Learner) -> bool:
    num_parameters: int = sum(weight.numel() for weight in learner.weights)
    return num_parameters <= MAX_PARAMETERS


def _second_moments(learner: Learner, named: TorchOptimizer) -> Tensors | None:
    """Returns the running means of g², divided by 1 - beta^t where torch corrects their bias."""
    if named.second_moment is None:
        return None
    found = []
    for parameter in learner.parameters:
        state = learner.optimizer.state[parameter]
        moment = state[named.second_moment]
        beta = named.corrected_by
        correction = 1.0 if beta is None else 1 - beta ** float(state["step"])
        found.append(moment / correction)
    return found


def loss_at(learner: Learner, weights: Tensors, own: Tensors, part: Batch) -> float:
    """Returns the loss at other weights, and restores `own`, an exact copy of the present ones."""
    try:
        with torch.no_grad():
            torch._foreach_copy_(learner.weights, list(weights))
            outputs = learner.model(part.inputs_TBI, part.lengths_B)
            return float(learner.task.mean_loss(outputs, part))
    finally:
        torch._foreach_copy_(learner.weights, list(own))
