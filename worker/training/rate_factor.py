"""Measures by what a rollback multiplies the learning rate, in the state that it returns to.

For each of the next steps the loss of a batch not seen yet is measured at multiples of the update
that the step would make, as the step-size probe does. The factor is the geometric mean of the best
multiples over what they are in runs that learn (`rates.USUAL_FACTOR`). It follows from the state
and the step alone: neither probes nor the wall clock have a part in it.
"""

import math

from app.domain.diagnosis.rates import calibrated
from app.domain.diagnosis.run_numbers import typical_factor
from worker.probes.step_size import best_factor, losses_along
from worker.training.learner import Learner
from worker.training.updating import can_watch, loss_at

#: The factor of a single batch is noisy.
NUM_BATCHES = 4


def measured_factor(learner: Learner, *, step: int, rate_factor: float) -> float | None:
    """Returns the factor for a run that goes on at `step`; None where none can be measured.

    Weights, optimizer and gradients are afterwards as before.
    """
    if not can_watch(learner):
        return None
    gradients = [parameter.grad for parameter in learner.parameters]
    last_step = learner.spec.training.num_steps - 1
    try:
        found = [
            _best_multiple(learner, min(step + number, last_step), rate_factor)
            for number in range(NUM_BATCHES)
        ]
    finally:
        for parameter, gradient in zip(learner.parameters, gradients, strict=True):
            parameter.grad = gradient
    typical = typical_factor([multiple for multiple in found if multiple is not None])
    return None if typical is None else calibrated(typical)


def _best_multiple(learner: Learner, step: int, rate_factor: float) -> float | None:
    """Returns the best multiple of a step's update; None where its numbers are not finite."""
    learner.drop_gradient()
    learner.loss(learner.batch(step), step).backward()
    gradient = learner.gradient()
    if not math.isfinite(gradient.norm):
        return None
    learner.spec.clipping.clip(gradient)
    before = [weight.clone() for weight in learner.weights]
    learner.update(learner.scheduled_rate(step) * rate_factor, can_undo=True)
    after = [weight.clone() for weight in learner.weights]
    learner.undo_update()
    fresh = learner.batch(learner.spec.training.num_steps + step)
    losses = losses_along(before, after, lambda weights: loss_at(learner, weights, before, fresh))
    return best_factor(losses) if math.isfinite(losses[0]) else None
