"""How far the weights have gone from where they began."""

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.explosions import weight_norm
from app.domain.telemetry import DoubleArray


def mean_update(case: Case) -> float:
    """Returns the mean of the finite update ratios: what a step changes, in norms of the weights.

    It is the path of the weights by the number of steps, so that long runs and short ones compare.
    """
    ratio_n = case.scalar("update_ratio")
    finite_n = ratio_n[np.isfinite(ratio_n)]
    return float(finite_n.mean()) if finite_n.size else 0.0


def weight_growth(case: Case) -> DoubleArray:
    """Returns the (n,) norm of the weights / that at the start; infinite if it is not finite."""
    norm_n = weight_norm(case)
    if not norm_n.size or not norm_n[0] > 0:
        return np.ones(norm_n.size)
    return np.where(np.isfinite(norm_n), norm_n / norm_n[0], np.inf)
