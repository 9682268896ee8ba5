"""How the gradient grows with the lag, by the latest lag profile."""

import numpy as np

from app.domain.diagnosis.case import Case


def log_rise(case: Case) -> float | None:
    """Returns ln of the gradient at the longest lag / at lag 0, in the latest profile with both."""
    for profile in reversed(case.profiles):
        logs = profile.log_norm_T[profile.num_anchors_T > 0]
        if logs.size > 1 and np.isfinite(logs[0]) and not np.isnan(logs[-1]):
            return float(logs[-1] - logs[0])
    return None
