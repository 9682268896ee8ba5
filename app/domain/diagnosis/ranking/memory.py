"""Signs of how far gradients reach, and of the state of the units."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.ranking.measured import (
    MAX,
    MEAN,
    MIN,
    MOST_NATS,
    NUM_LAST,
    ends,
    ends_in_nats,
    largest,
    limited,
    middle,
    nats,
    probed,
)
from app.domain.scopes import Scope, ScopeKind
from app.domain.telemetry import DoubleArray, LagProfile, Path

#: Logarithm that stands for an infinite one.
MOST_LOG = 1e3
LAYERS, GATES = (ScopeKind.LAYER,), (ScopeKind.GATE,)
#: Names of the gates that keep the state.
KEEPING = ("forget", "update")
#: Names of the others.
OTHERS = ("input", "output", "cell", "reset", "new")
#: Gates that solve a task have logits up to this.
USUAL_LOGIT = 5.0
#: Means of gates are at least so far from 0 and 1.
LEAST_MEAN = 1e-6


def reach_signs(case: Case) -> Mapping[str, float]:
    """Returns the gradient over the lag: at the required lag, at the longest one, and its rise."""
    cut, whole = _profiles(case, "total"), _profiles(case, "untruncated")
    whole = whole or cut
    return {
        "ratio_first": middle(np.array([_ratio(one) for one in cut[:1]])),
        "ratio_last": middle(np.array([_ratio(one) for one in cut[-NUM_LAST:]])),
        "ratio_most": largest(np.array([_ratio(one) for one in cut])),
        "uncut_ratio_first": middle(np.array([_ratio(one) for one in whole[:1]])),
        "uncut_ratio_last": middle(np.array([_ratio(one) for one in whole[-NUM_LAST:]])),
        "is_cut": float(any(_ratio(one) == -MOST_NATS for one in cut[-NUM_LAST:])),
        "rise_first": middle(np.array([_rise(one) for one in whole[:1]])),
        "rise_last": middle(np.array([_rise(one) for one in whole[-NUM_LAST:]])),
        "rise_most": largest(np.array([_rise(one) for one in whole])),
        "decay_over_lags_first": middle(np.array([_decay(one) for one in whole[:1]])),
        "horizon_first": middle(np.array([_horizon(one) for one in cut[:1]])),
        "horizon_last": middle(np.array([_horizon(one) for one in cut[-NUM_LAST:]])),
    }


def _profiles(case: Case, path: Path) -> Sequence[LagProfile]:
    return [
        one for one in case.telemetry.profiles if one.path == path and one.scope == Scope.model()
    ]


def _ratio(profile: LagProfile) -> float:
    """The gradient at the required lag, or the longest where that is not known, over lag 0: ln."""
    known = profile.ratio_at_required_lag
    return float(_over_lag_0(profile)[-1]) if known is None else nats(known.value)


def _rise(profile: LagProfile) -> float:
    """The largest gradient at a lag over that at lag 0: ln."""
    return float(_over_lag_0(profile).max())


def _over_lag_0(profile: LagProfile) -> DoubleArray:
    """Logarithms of the profile over its value at lag 0; where that is 0, all are."""
    logs_T = np.nan_to_num(profile.log_norm_T, nan=-MOST_LOG, neginf=-MOST_LOG, posinf=MOST_LOG)
    over_T: DoubleArray = np.clip(logs_T - logs_T[0], -MOST_NATS, 2 * MOST_NATS)
    return over_T


def _decay(profile: LagProfile) -> float:
    rate = math.nan if profile.decay_rate is None else profile.decay_rate
    return limited(rate * len(profile.log_norm_T), -MOST_NATS, MOST_NATS)


def _horizon(profile: LagProfile) -> float:
    """Share of the lags that the gradient reaches."""
    return profile.horizon.value / max(1, len(profile.log_norm_T) - 1)


def unit_signs(case: Case) -> Mapping[str, float]:
    """Returns saturation, dead units and slopes at the start and at the end."""
    saturated_n = probed(case, "saturated_fraction", MAX)
    return {
        **ends("saturated", saturated_n),
        "saturated_rose": largest(saturated_n) - largest(saturated_n[:1]),
        **ends("layer_saturated", probed(case, "saturated_fraction", MAX, kinds=LAYERS)),
        **ends("gate_saturated", probed(case, "saturated_fraction", MEAN, kinds=GATES)),
        **ends("dead", probed(case, "dead_fraction", MAX, none=0.0)),
        **ends("slope", probed(case, "mean_derivative", MIN)),
        **ends_in_nats("state_norm", probed(case, "state_norm", MAX)),
        **ends("state_growth", probed(case, "state_growth", MAX).clip(-MOST_NATS, MOST_NATS)),
    }


def recurrence_signs(case: Case) -> Mapping[str, float]:
    """Returns numbers of the recurrent matrices, of the dynamics and of the gates."""
    kept_n = probed(case, "kept_over_required_lag", MAX)
    return {
        **ends_in_nats("radius", probed(case, "spectral_radius", MAX, kinds=LAYERS)),
        **ends_in_nats("gate_radius", probed(case, "spectral_radius", MAX, kinds=GATES)),
        **ends("lyapunov", np.clip(probed(case, "lyapunov_1", MAX), -5, 5)),
        **ends_in_nats("kept", kept_n),
        **ends("keeping_units", probed(case, "keeping_units", MAX)),
        **ends_in_nats("time_constant", probed(case, "time_constant", MAX)),
        **_gate_signs(case),
    }


def _gate_signs(case: Case) -> Mapping[str, float]:
    """Returns how far the gate that keeps the state is closed or open, beyond what is usual.

    Means of a gate are taken as logits: 0 = half open.
    """
    means_n = np.concatenate([probed(case, "gate_mean", MAX, name=name) for name in KEEPING])
    open_n = np.clip(means_n, LEAST_MEAN, 1 - LEAST_MEAN)
    logits_n = np.log(open_n / (1 - open_n))
    others = [probed(case, "saturated_fraction", MEAN, name=name)[:1] for name in OTHERS]
    return {
        **ends("gate_closed", np.maximum(-logits_n, 0.0)),
        **ends("gate_open", np.maximum(logits_n - USUAL_LOGIT, 0.0)),
        "other_gates_saturated_first": middle(np.concatenate(others)),
    }
