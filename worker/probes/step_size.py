"""Measures how far along its own direction the step's update should have gone."""

import math
from collections.abc import Callable, Iterator, Sequence

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.gradients import Tensors
from worker.probes.card import Look, Moment, ProbeCard

#: Multiples of the update at which the loss is measured; 1 is where training went.
FACTORS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
FACTOR, FACTOR_OF_BATCH = "best_step_factor", "best_step_factor_of_batch"
GAIN, BEST_GAIN = "step_gain", "best_step_gain"
Found = ScalarReading | ProbeGap


def measure_step_size(look: Look) -> tuple[Found, ...]:
    """Measures the loss along the update, on the step's batch and on one it has not seen."""
    update = look.update
    if update is None:
        return ()
    before, after = update.weights_before, update.weights_after
    fresh = losses_along(before, after, update.loss_of_fresh_batch)
    own = losses_along(before, after, update.loss_of_batch)
    return (*_of_fresh(look, fresh), *_best(look, FACTOR_OF_BATCH, own))


def best_factor(losses: Sequence[float]) -> float:
    """Returns the factor with the least loss, by a parabola in c through its neighbours.

    The first and the last factor are returned as they are: the best one may lie beyond.
    """
    finite = [loss if math.isfinite(loss) else math.inf for loss in losses]
    best = finite.index(min(finite))
    if best in {0, len(FACTORS) - 1} or not math.isfinite(finite[best + 1]):
        return FACTORS[best]
    left, middle, right = FACTORS[best - 1 : best + 2]
    below, least, above = finite[best - 1 : best + 2]
    first, second = (least - below) / (middle - left), (above - least) / (right - middle)
    if second <= first:
        return FACTORS[best]
    curvature = (second - first) / (right - left)
    lowest = (left + middle) / 2 - first / (2 * curvature)
    return min(max(lowest, left), right)


def losses_along(
    before: Tensors, after: Tensors, loss_at: Callable[[Tensors], float]
) -> list[float]:
    """Returns the loss at each multiple of the update from `before` to `after`."""
    pairs = list(zip(before, after, strict=True))
    return [loss_at([start + factor * (end - start) for start, end in pairs]) for factor in FACTORS]


def _of_fresh(look: Look, losses: Sequence[float]) -> Iterator[Found]:
    yield from _best(look, FACTOR, losses)
    start, at_one = losses[0], losses[FACTORS.index(1.0)]
    least = min((loss for loss in losses if math.isfinite(loss)), default=math.nan)
    for name, end in ((GAIN, at_one), (BEST_GAIN, least)):
        if not math.isfinite(start) or start == 0:
            yield look.gap(name, Scope.model(), "the loss before the update is 0 or not finite")
        else:
            gain = (start - end) / abs(start) if math.isfinite(end) else -math.inf
            yield look.reading(name, Scope.model(), gain)


def _best(look: Look, name: str, losses: Sequence[float]) -> Iterator[Found]:
    if not math.isfinite(losses[0]):
        yield look.gap(name, Scope.model(), "the loss before the update is not finite")
        return
    yield look.reading(name, Scope.model(), best_factor(losses))


_NAMES = (FACTOR, FACTOR_OF_BATCH, GAIN, BEST_GAIN)
CARD = ProbeCard(
    quantities=(
        Quantity(
            name=FACTOR,
            unit="1",
            formula="c of the least loss at weights w + c · update, on a batch not seen yet",
            reduction="a parabola in c through the least of seven losses",
            cost="seven forward passes",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=FACTOR_OF_BATCH,
            unit="1",
            formula="the same on the batch that the update was made from",
            reduction="a parabola in c through the least of seven losses",
            cost="seven forward passes",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=GAIN,
            unit="1",
            formula="(loss before - loss after) / loss before, of a batch not seen; < 0 = rose",
            reduction="none: one value per step",
            cost="none: computed with best_step_factor",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=BEST_GAIN,
            unit="1",
            formula="(loss before - least of the seven losses) / loss before, of that batch",
            reduction="none: one value per step",
            cost="none: computed with best_step_factor",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=tuple(ProbeName(name=name, tier="standard") for name in _NAMES),
    moment=Moment.AFTER_UPDATE,
    measure=measure_step_size,
)
