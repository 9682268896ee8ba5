"""Steps at which the gradient is too large to say where to go, and jumps of the loss.

Legend: n recorded steps. Norms are global, L2, before clipping.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.thresholds import CALIBRATED, CHOSEN, count, share, threshold
from app.domain.diagnosis.trends import finite_median, trailing_median
from app.domain.telemetry import DoubleArray

#: First steps whose median loss is the scale of the loss: later it may come near 0, and then any
#: gradient looks large.
SCALE_STEPS = 20
#: Steps that a median of what came before looks back.
HISTORY = 400
#: Steps after a spike within which a jump of the loss is put down to it.
AFTERMATH = 10
#: Share of the steps done that counts as recent.
RECENT_SHARE = 0.2

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ExplodingThresholds:
    """When a gradient is too large, and when that lasts: `exploding_gradient`."""

    max_sensitivity: float = threshold(
        1e5,
        low=1,
        meaning=(
            "||gradient|| ||weights|| / loss at the start, above which a gradient is too large: a "
            "relative change of the weights of its reciprocal would change the loss by all of it, "
            "to first order"
        ),
        source=(
            "at most 1.2e3 in runs that learned; 2e5 to 5e10 at a recurrent radius of 2, 1e22 and "
            f"more at 3; {CALIBRATED}"
        ),
    )
    lasting_share: float = share(
        0.5,
        meaning="share of recent steps above `max_sensitivity` from which on the explosion lasts",
        source=CHOSEN,
    )
    min_steps: int = count(
        3,
        unit="steps",
        meaning="recent steps above `max_sensitivity` from which on there is a finding",
        source=CHOSEN,
    )
    spike_factor: float = threshold(
        100.0,
        low=1,
        meaning="norm before clipping relative to the median of the steps before, for a spike",
        source=f"at most 37 in runs that learned; {CALIBRATED}",
    )
    loss_factor: float = threshold(
        10.0,
        low=1,
        meaning="loss relative to the median of the steps before, for a jump",
        source=CHOSEN,
    )
    max_rise: float = threshold(
        1e4,
        low=1,
        meaning="gradient at the longest lag relative to lag 0, above which the curve rises",
        source="solved networks rise 8 to 29 times",
    )
    min_history: int = count(
        20,
        unit="steps",
        meaning="steps with a finite loss that are needed before anything is said",
        source=CHOSEN,
    )
    recent_steps: int = count(
        100,
        unit="steps",
        meaning=(
            "an explosion is present when it was seen within so many steps, or a fifth of the "
            "steps done when that is more"
        ),
        source=CHOSEN,
    )
    learned_progress: float = share(
        0.5, meaning="task progress from which on an explosion does no harm", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class Explosions:
    """Per recorded step: what is too large."""

    steps_n: DoubleArray
    grad_norm_n: DoubleArray
    loss_n: DoubleArray
    #: grad_norm ||weights|| / loss at the start, dimensionless.
    sensitivity_n: DoubleArray
    is_sensitive_n: BoolArray
    #: The norm is far above the median of the steps before.
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
    """(n,) L2 norm of all weights; 1 where it was not recorded."""
    weight_norm_nP = case.telemetry.tensors.get("weight_norm")
    if weight_norm_nP is None:
        return np.ones(case.telemetry.steps_n.size)
    return np.asarray(np.linalg.norm(weight_norm_nP.astype(np.float64), axis=1))


def loss_jumps(loss_n: DoubleArray, *, loss_scale: float, factor: float) -> BoolArray:
    """Steps whose loss is far above the steps before and not small beside the loss at the start."""
    usual_n = trailing_median(loss_n, history=HISTORY)
    with np.errstate(over="ignore", invalid="ignore"):
        return (loss_n > factor * np.abs(usual_n)) & (loss_n > loss_scale)


def recent(case: Case, *, num_steps: int) -> BoolArray:
    """(n,) the present: the last `num_steps`, or a fifth of those done when that is more."""
    steps_n = case.telemetry.steps_n
    window = max(num_steps, int(RECENT_SHARE * (case.present_step + 1)))
    return np.asarray(steps_n > (steps_n[-1] if steps_n.size else 0) - window)


def _soon(is_event_n: BoolArray) -> BoolArray:
    """Whether the event comes at the step or within `AFTERMATH` steps after it."""
    padded = np.concatenate([is_event_n, np.zeros(AFTERMATH, dtype=bool)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, AFTERMATH + 1)
    return np.asarray(windows.any(axis=1))
