"""Finds steps whose gradient is too large to guide an update, and jumps of the loss.

Legend: n recorded steps, m chosen ones, B blocks of 20. Norms are global, L2, before clipping.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.thresholds import (
    BENCHMARK,
    CALIBRATED,
    CHOSEN,
    HUGE,
    count,
    share,
    threshold,
)
from app.domain.diagnosis.trends import block_medians, finite_median, is_above_usual
from app.domain.telemetry import DoubleArray, FloatArray, IntArray

#: Number of first steps whose median loss is the scale of the loss. A later loss may be near 0, and
#: relative to it any gradient is large.
SCALE_STEPS = 20
#: Number of previous steps of which a median is taken.
HISTORY = 400
#: Number of steps after a spike within which a jump of the loss is attributed to it.
AFTERMATH = 10
#: Share of the steps done that counts as recent.
RECENT_SHARE = 0.2
#: Number of steps whose numbers are in double precision at the same time.
MAX_STEPS_AT_ONCE = 65_536

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ExplodingThresholds:
    """The thresholds of `exploding_gradient`: when a gradient is too large, and when that lasts."""

    max_sensitivity: float = threshold(
        1e5,
        low=1,
        meaning=(
            "||gradient|| ||weights|| / loss at the start, above which a gradient is too large: to "
            "first order, a relative change of the weights by the reciprocal of it changes the "
            "loss by 100 %"
        ),
        source=(
            "at most 1.2e3 in runs that learned; 2e5 to 5e10 at a recurrent radius of 2, 1e22 and "
            f"more at 3; {CALIBRATED}"
        ),
    )
    min_steps: int = count(
        3,
        unit="steps",
        meaning="fewest recent steps above `max_sensitivity` for a finding",
        source=CHOSEN,
    )
    spike_factor: float = threshold(
        100.0,
        low=1,
        meaning="norm before clipping / median of previous steps, above which it is a spike",
        source=f"at most 37 in runs that learned; {CALIBRATED}",
    )
    loss_factor: float = threshold(
        10.0,
        low=1,
        meaning="loss / median of previous steps, above which it is a jump",
        source=CHOSEN,
    )
    max_rise: float = threshold(
        1e4,
        low=1,
        meaning="gradient at the longest lag / at lag 0, above which it grows with the lag",
        source="8 to 29 in networks that solved their task",
    )
    min_chaotic_rise: float = threshold(
        100.0,
        low=1,
        meaning=(
            "gradient at the longest lag / at lag 0, above which it grows with the lag if the "
            "Lyapunov exponent is at least `min_lyapunov`"
        ),
        source=f"8 to 29 in networks that solved their task, below 100 in 96 %; {BENCHMARK}",
    )
    min_lyapunov: float = threshold(
        0.15,
        unit="nats / timestep",
        low=-HUGE,
        meaning="largest Lyapunov exponent of a layer, from which on the recurrence is expansive",
        source=(
            "below 0.13 at the end of 95 % of the runs that learned, above 0.24 in three quarters "
            f"of those with an expansive start; {BENCHMARK}"
        ),
    )
    min_history: int = count(
        20,
        unit="steps",
        meaning="fewest steps with a finite loss for a judgement",
        source=CHOSEN,
    )
    recent_steps: int = count(
        100,
        unit="steps",
        meaning=(
            "number of last steps that are recent, or a fifth of the steps done if that is more; "
            "an explosion in recent steps is active"
        ),
        source=CHOSEN,
    )
    min_probes: int = count(
        3,
        unit="probes",
        meaning="probes in succession with an expansive recurrence that begin a finding, or end it",
        source="as `vanishing_gradient.min_probes`",
    )
    burst_factor: float = threshold(
        10.0,
        low=1,
        meaning=(
            "norm before clipping / median of previous steps, above which it explains that the "
            "loss fell back"
        ),
        source="70 to 140 in a run that lost what it had learned; a loss that is back is rare",
    )
    min_fall: float = share(
        0.2,
        meaning="share of the loss at the start by which it must have fallen to fall back",
        source=CHOSEN,
    )


@dataclass(frozen=True, kw_only=True)
class Explosions:
    """What is too large at each recorded step."""

    steps_n: IntArray
    grad_norm_n: FloatArray
    loss_n: FloatArray
    #: Whether `sensitivities` of the step are too large.
    is_sensitive_n: BoolArray
    #: The norm is far above the median of previous steps.
    is_spike_n: BoolArray
    #: A spike after which the loss jumped.
    is_harmful_n: BoolArray
    #: A norm above the usual beside which a loss that had fallen returned to that of the start.
    is_relapse_n: BoolArray
    loss_scale: float

    @property
    def is_present_n(self) -> BoolArray:
        return self.is_sensitive_n | self.is_harmful_n


def find_explosions(case: Case) -> Explosions:
    """Returns what is too large; ask by `case.derived`, since several detectors need it."""
    thresholds = case.thresholds.of(ExplodingThresholds)
    loss_n, grad_norm_n = case.recorded("loss"), case.recorded("grad_norm")
    scale = finite_median(loss_n[:SCALE_STEPS])
    loss_scale = abs(scale) if scale else 1.0
    is_jump_n = loss_jumps(loss_n, loss_scale=loss_scale, factor=thresholds.loss_factor)
    is_spike_n = is_above_usual(grad_norm_n, factor=thresholds.spike_factor, history=HISTORY)
    falls_back_B = _falls_back(loss_n, loss_scale, thresholds.min_fall)
    return Explosions(
        steps_n=case.telemetry.steps_n,
        grad_norm_n=grad_norm_n,
        loss_n=loss_n,
        is_sensitive_n=_is_sensitive(case, loss_scale, thresholds.max_sensitivity),
        is_spike_n=is_spike_n,
        is_harmful_n=is_spike_n & _soon(is_jump_n),
        is_relapse_n=is_above_usual(
            grad_norm_n, falls_back_B, factor=thresholds.burst_factor, history=HISTORY
        ),
        loss_scale=loss_scale,
    )


def sensitivities(case: Case, loss_scale: float, steps: slice) -> DoubleArray:
    """Returns grad_norm ||weights|| / loss at the start, dimensionless, of some recorded steps."""
    grad_norm_m = case.recorded("grad_norm")[steps].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return grad_norm_m * _weight_norm_of(case, steps) / loss_scale


def _is_sensitive(case: Case, loss_scale: float, most: float) -> BoolArray:
    parts = [sensitivities(case, loss_scale, part) > most for part in _parts(case)]
    return np.concatenate([np.empty(0, dtype=np.bool_), *parts])


def weight_norm(case: Case) -> DoubleArray:
    """Returns the (n,) L2 norm of all weights; 1 if it was not recorded."""
    norm_n = np.empty(case.telemetry.steps_n.size)
    for part in _parts(case):
        norm_n[part] = _weight_norm_of(case, part)
    return norm_n


def _weight_norm_of(case: Case, steps: slice) -> DoubleArray:
    weight_norm_nP = case.telemetry.tensors.get("weight_norm")
    if weight_norm_nP is None:
        return np.ones(case.telemetry.steps_n[steps].size)
    return np.asarray(np.linalg.norm(weight_norm_nP[steps].astype(np.float64), axis=1))


def _parts(case: Case) -> Iterator[slice]:
    """Yields the steps in parts, since double precision doubles the memory."""
    for first in range(0, case.telemetry.steps_n.size, MAX_STEPS_AT_ONCE):
        yield slice(first, first + MAX_STEPS_AT_ONCE)


def loss_jumps(loss_n: FloatArray, *, loss_scale: float, factor: float) -> BoolArray:
    """Returns (n,) whether the loss is far above its recent median and above that at the start."""
    is_jump_n: BoolArray = loss_n > np.float64(loss_scale)
    if is_jump_n.any():
        is_jump_n &= is_above_usual(loss_n, factor=factor, history=HISTORY)
    return is_jump_n


def _falls_back(loss_n: FloatArray, loss_scale: float, min_fall: float) -> BoolArray:
    """Returns (B,) whether, near a block, a loss that had fallen returns to that of the start.

    The medians of the blocks of steps before and after are compared with the loss at the start; the
    blocks on both sides count as near.
    """
    medians = np.concatenate([[np.nan] * 2, block_medians(loss_n), [np.nan] * 2])
    returns = (medians[:-2] < (1 - min_fall) * loss_scale) & (medians[2:] >= loss_scale)
    return np.asarray(returns[:-2] | returns[1:-1] | returns[2:])


def recent(case: Case, *, num_steps: int) -> BoolArray:
    """Returns (n,) whether a step is among the last `num_steps`, or the last fifth if longer."""
    steps_n = case.telemetry.steps_n
    window = max(num_steps, int(RECENT_SHARE * (case.present_step + 1)))
    return np.asarray(steps_n > (steps_n[-1] if steps_n.size else 0) - window)


def _soon(is_event_n: BoolArray) -> BoolArray:
    """Returns (n,) whether the event happens at the step or in the `AFTERMATH` steps after it."""
    is_soon_n = is_event_n.copy()
    for ahead in range(1, min(AFTERMATH + 1, is_event_n.size)):
        is_soon_n[:-ahead] |= is_event_n[ahead:]
    return is_soon_n
