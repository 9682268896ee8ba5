"""How far the weights have gone from where they began."""

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.explosions import weight_norm
from app.domain.telemetry import DoubleArray


def mean_update(case: Case) -> float:
    """Returns the mean of the finite update ratios: what a step changes, in norms of the weights.

    It is the path of the weights by the number of steps, so that long runs and short ones compare.
    """
    return case.derived(_mean_update)


def _mean_update(case: Case) -> float:
    ratio_n = case.recorded("update_ratio")
    finite_m = ratio_n[np.isfinite(ratio_n)].astype(np.float64)
    return float(finite_m.mean()) if finite_m.size else 0.0


def weight_growth(case: Case) -> DoubleArray:
    """Returns the (n,) norm of the weights / that at the start; infinite if it is not finite."""
    norm_n = weight_norm(case)
    if not norm_n.size or not norm_n[0] > 0:
        return np.ones(norm_n.size)
    is_lost_n = ~np.isfinite(norm_n)
    norm_n /= norm_n[0]
    norm_n[is_lost_n] = np.inf
    return norm_n
