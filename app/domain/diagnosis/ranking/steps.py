"""Signs of the size of steps: updates, clipping, penalties, and the probe of one step's size."""

import math
from collections.abc import Mapping

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.ranking.measured import (
    MAX,
    NUM_LAST,
    ends,
    ends_in_nats,
    first,
    largest,
    last,
    least,
    limited,
    log_ratio,
    middle,
    nats,
    probed,
    share,
    step_curve,
)
from app.domain.scopes import ScopeKind
from app.domain.telemetry import DoubleArray

MODEL = (ScopeKind.MODEL,)
#: The least best factor of a step that counts as more than zero.
LEAST_FACTOR = 1e-3
#: A step whose gradient kept less than this share was clipped.
CLIPPED_BELOW = 0.999
#: Steps at the start and at the end.
NUM_ENDS = 20
#: Norms that stand for zero and for infinity.
LEAST_NORM, MOST_NORM = 1e-30, 1e30
#: A relative gain of one step that is as good as any larger loss.
MOST_GAIN = 30.0


def step_signs(case: Case) -> Mapping[str, float]:
    """Returns the sizes of updates and gradients over the run."""
    update_n, clip_n, grad_n, rate_n = (
        step_curve(case, name)
        for name in ("update_ratio", "clip_coefficient", "grad_norm", "learning_rate")
    )
    return {
        "update_early": nats(largest(update_n[:NUM_ENDS])),
        "update_median": nats(middle(update_n)),
        "update_late": nats(middle(update_n[-NUM_ENDS:])),
        "distance": nats(middle(update_n)) + nats(float(len(case.telemetry.steps_n))),
        "clipped_share": share(clip_n < CLIPPED_BELOW),
        "clip_median": nats(middle(clip_n)),
        "clip_late": nats(middle(clip_n[-NUM_ENDS:])),
        "grad_tail": log_ratio(largest(grad_n), middle(grad_n)),
        "grad_end_over_start": log_ratio(middle(grad_n[-NUM_ENDS:]), middle(grad_n[:NUM_ENDS])),
        "rate_end_over_largest": log_ratio(last(rate_n), largest(rate_n)),
        "non_finite": float(case.has_diverged),
        **_weight_signs(case),
    }


def _weight_signs(case: Case) -> Mapping[str, float]:
    """Returns how much the weights grew, and parts of the gradient in relation to all of it."""
    norms_nP, grads_nP, zero_nP = (
        _tensors(case, name) for name in ("weight_norm", "grad_norm", "zero_fraction")
    )
    is_grown_P = (norms_nP[:1] > 0).all(axis=0)
    grown_P = np.log(np.maximum(norms_nP[-1:, is_grown_P], LEAST_NORM) / norms_nP[:1, is_grown_P])
    weights_n = np.linalg.norm(norms_nP, axis=1)
    all_n = np.linalg.norm(grads_nP, axis=1)
    is_recurrent_P = np.array(["weight_hh" in name for name in case.telemetry.tensor_names])
    inner_n = np.linalg.norm(grads_nP * is_recurrent_P[: grads_nP.shape[1]], axis=1)
    return {
        "weights_grew": log_ratio(first(weights_n[-1:]), first(weights_n)),
        "tensor_grew": limited(largest(grown_P), -10, 10),
        "tensor_shrank": limited(least(grown_P), -10, 10),
        "relative_gradient_first": log_ratio(
            first(all_n) * first(weights_n), abs(first(step_curve(case, "loss")[:1]))
        ),
        "recurrent_gradient_first": log_ratio(first(inner_n), first(all_n)),
        "recurrent_gradient_last": log_ratio(last(inner_n), last(all_n)),
        "zero_gradient_first": largest(zero_nP[:1]),
        "zero_gradient_last": largest(zero_nP[-1:]),
    }


def _tensors(case: Case, quantity: str) -> DoubleArray:
    """Returns the (4, P) values at the first step and at the last three, without NaN."""
    values_nP = np.asarray(case.telemetry.tensors.get(quantity, np.empty((0, 0))))
    ends_nP = np.concatenate([values_nP[:1], values_nP[-NUM_LAST:]]).astype(np.float64)
    return np.nan_to_num(ends_nP, posinf=MOST_NORM)


def probe_signs(case: Case) -> Mapping[str, float]:
    """Returns what the probe of the step's size found."""
    factor_n = np.maximum(probed(case, "best_step_factor", kinds=MODEL), LEAST_FACTOR)
    batch_n = np.maximum(probed(case, "best_step_factor_of_batch", kinds=MODEL), LEAST_FACTOR)
    gain_n = np.clip(probed(case, "step_gain", kinds=MODEL), -MOST_GAIN, MOST_GAIN)
    best_n = np.clip(probed(case, "best_step_gain", kinds=MODEL), 0, MOST_GAIN)
    return {
        **ends_in_nats("factor", factor_n),
        "factor_median": nats(middle(factor_n)),
        "factor_least": nats(least(factor_n)),
        "factor_early": nats(middle(factor_n[:4])),
        **ends_in_nats("batch_factor", batch_n),
        "batch_factor_median": nats(middle(batch_n)),
        "factor_of_splits": nats(middle(batch_n)) - nats(middle(factor_n)),
        **ends("step_gain", gain_n),
        "step_gain_least": _signed_root(least(gain_n)),
        "step_gain_median": middle(gain_n),
        "best_gain_median": nats(middle(best_n)),
        "best_gain_last": nats(last(best_n)),
        "surprise_most": nats(
            largest(probed(case, "gradient_over_second_moment", MAX, kinds=(ScopeKind.TENSOR,)))
        ),
        "surprise_last": nats(last(probed(case, "gradient_over_second_moment", kinds=MODEL))),
        **ends_in_nats("second_moment_over_eps", probed(case, "second_moment_over_eps")),
    }


def _signed_root(value: float) -> float:
    """Shortens a heavy tail on both sides."""
    return math.copysign(math.sqrt(abs(value)), value)


def penalty_signs(case: Case) -> Mapping[str, float]:
    """Returns the shares of penalties and of weight decay in the step, and their cosines."""
    return {
        "penalty_first": _share(first(probed(case, "penalty_share"))),
        "penalty_last": _share(last(probed(case, "penalty_share"))),
        "penalty_cosine_last": last(probed(case, "penalty_cosine", none=0.0)),
        "decay_first": _share(first(probed(case, "decay_share"))),
        "decay_last": _share(last(probed(case, "decay_share"))),
        "decay_cosine_last": last(probed(case, "decay_cosine", none=0.0)),
    }


def _share(ratio: float) -> float:
    """Returns a / (a + b) of a ratio a / b."""
    return ratio / (1 + ratio)
