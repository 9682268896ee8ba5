"""Finds steps whose gradient is too large to guide an update, and jumps of the loss.

Legend: n recorded steps. Norms are global, L2, before clipping.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.thresholds import CALIBRATED, CHOSEN, count, share, threshold
from app.domain.diagnosis.trends import finite_median, trailing_median
from app.domain.telemetry import DoubleArray

#: Number of first steps whose median loss is the scale of the loss. A later loss may be near 0, and
#: relative to it any gradient is large.
SCALE_STEPS = 20
#: Number of previous steps of which a median is taken.
HISTORY = 400
#: Number of steps after a spike within which a jump of the loss is attributed to it.
AFTERMATH = 10
#: Share of the steps done that counts as recent.
RECENT_SHARE = 0.2

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
    lasting_share: float = share(
        0.5,
        meaning="smallest share of recent steps above `max_sensitivity` in an explosion that lasts",
        source=CHOSEN,
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
    learned_progress: float = share(
        0.5, meaning="smallest task progress at which an explosion does no harm", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class Explosions:
    """What is too large at each recorded step."""

    steps_n: DoubleArray
    grad_norm_n: DoubleArray
    loss_n: DoubleArray
    #: grad_norm ||weights|| / loss at the start, dimensionless.
    sensitivity_n: DoubleArray
    is_sensitive_n: BoolArray
    #: The norm is far above the median of previous steps.
    is_spike_n: BoolArray
    #: A spike after which the loss jumped.
    is_harmful_n: BoolArray
    loss_scale: float

    @property
    def is_present_n(self) -> BoolArray:
        return self.is_sensitive_n | self.is_harmful_n


def find_explosions(case: Case) -> Explosions:
    thresholds = case.thresholds.of(ExplodingThresholds)
    loss_n, grad_norm_n = case.scalar("loss"), case.scalar("grad_norm")
    scale = finite_median(loss_n[:SCALE_STEPS])
    loss_scale = abs(scale) if scale else 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        sensitivity_n = grad_norm_n * weight_norm(case) / loss_scale
        usual_n = trailing_median(grad_norm_n, history=HISTORY)
        is_spike_n = grad_norm_n > thresholds.spike_factor * usual_n
    is_jump_n = loss_jumps(loss_n, loss_scale=loss_scale, factor=thresholds.loss_factor)
    return Explosions(
        steps_n=case.telemetry.steps_n.astype(np.float64),
        grad_norm_n=grad_norm_n,
        loss_n=loss_n,
        sensitivity_n=sensitivity_n,
        is_sensitive_n=sensitivity_n > thresholds.max_sensitivity,
        is_spike_n=is_spike_n,
        is_harmful_n=is_spike_n & _soon(is_jump_n),
        loss_scale=loss_scale,
    )


def weight_norm(case: Case) -> DoubleArray:
    """Returns the (n,) L2 norm of all weights; 1 if it was not recorded."""
    weight_norm_nP = case.telemetry.tensors.get("weight_norm")
    if weight_norm_nP is None:
        return np.ones(case.telemetry.steps_n.size)
    return np.asarray(np.linalg.norm(weight_norm_nP.astype(np.float64), axis=1))


def loss_jumps(loss_n: DoubleArray, *, loss_scale: float, factor: float) -> BoolArray:
    """Returns (n,) whether the loss is far above its recent median and above that at the start."""
    usual_n = trailing_median(loss_n, history=HISTORY)
    with np.errstate(over="ignore", invalid="ignore"):
        return (loss_n > factor * np.abs(usual_n)) & (loss_n > loss_scale)


def recent(case: Case, *, num_steps: int) -> BoolArray:
    """Returns (n,) whether a step is among the last `num_steps`, or the last fifth if longer."""
    steps_n = case.telemetry.steps_n
    window = max(num_steps, int(RECENT_SHARE * (case.present_step + 1)))
    return np.asarray(steps_n > (steps_n[-1] if steps_n.size else 0) - window)


def _soon(is_event_n: BoolArray) -> BoolArray:
    """Returns (n,) whether the event happens at the step or in the `AFTERMATH` steps after it."""
    padded = np.concatenate([is_event_n, np.zeros(AFTERMATH, dtype=bool)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, AFTERMATH + 1)
    return np.asarray(windows.any(axis=1))
