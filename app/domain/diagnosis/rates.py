"""Functions of the remedies that change the size of a step."""

from math import sqrt

from app.domain.specs.job import JobSpec
from app.domain.specs.optimizer.sgd import SgdSpec

#: The step-size probe looks one step ahead, so that its factor is noisy and does not weigh what a
#: step costs later: in runs that learn it is about this at first.
USUAL_FACTOR = 2.5
#: The largest multiple of an update that the probe tries; the best one may lie beyond.
LARGEST_FACTOR = 30.0
#: Share of the largest multiple from which on the best one counts as beyond it.
BEYOND_SHARE = 0.5
#: Rates with which most tasks of the benchmark are learned: by optimizers that scale each weight's
#: step, for cells with gates and without.
USUAL_GATED_RATE, USUAL_SIMPLE_RATE = 0.005, 0.003
#: The same for gradient descent: learning rate / (1 - momentum).
USUAL_GATED_DESCENT, USUAL_SIMPLE_DESCENT = 1.0, 0.3
#: A rate of so many times a usual one is still one that networks of the kind learn with: rates that
#: do about as well as the best one span up to a factor of a hundred (Greff et al. 2017, section V).
MAX_OVER_USUAL = 3.0


def usual_rate(spec: JobSpec) -> float:
    """Returns a learning rate that most tasks are learned with, for the optimizer and the cell."""
    optimizer, is_gated = spec.optimizer, bool(spec.model.card.gates)
    if isinstance(optimizer, SgdSpec):
        usual = USUAL_GATED_DESCENT if is_gated else USUAL_SIMPLE_DESCENT
        return usual * (1 - optimizer.momentum)
    return USUAL_GATED_RATE if is_gated else USUAL_SIMPLE_RATE


def calibrated(factor: float) -> float:
    """Returns by how much the learning rate differs from the right one, by the probe's factor."""
    return factor / USUAL_FACTOR


def is_beyond(factor: float) -> bool:
    """Returns whether even larger multiples than the probe tries would be better."""
    return factor >= BEYOND_SHARE * LARGEST_FACTOR


def between(first: float, second: float) -> float:
    """Returns the geometric mean of two rates."""
    return sqrt(first) * sqrt(second)
