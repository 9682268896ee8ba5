"""What probes measured of the recurrence: growth of gradients with the lag, matrices, gates."""

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import EvidenceKey
from app.domain.diagnosis.reach import Sighting, VanishingThresholds
from app.domain.scopes import ScopeKind

#: The numbers that `matrix_evidence` may return.
MATRIX_KEYS = (
    EvidenceKey(
        name="spectral_radius",
        unit="1",
        meaning="largest spectral radius of a recurrent matrix, over the layers",
    ),
    EvidenceKey(
        name="sigma_max",
        unit="1",
        meaning="largest singular value of a recurrent matrix, over the layers",
    ),
)


def log_rise(case: Case) -> float | None:
    """Returns ln of the gradient at the longest lag / at lag 0, in the latest profile with both."""
    for profile in reversed(case.profiles):
        logs = profile.log_norm_T[profile.num_anchors_T > 0]
        if logs.size > 1 and np.isfinite(logs[0]) and not np.isnan(logs[-1]):
            return float(logs[-1] - logs[0])
    return None


def matrix_evidence(case: Case) -> dict[str, JsonValue]:
    """Returns the latest spectral radius and norm of the recurrent matrices, if measured."""
    found = {
        key.name: case.latest(key.name, ScopeKind.LAYER) or case.latest(key.name, ScopeKind.GATE)
        for key in MATRIX_KEYS
    }
    return {name: max(values) for name, values in found.items() if values}


def mean_of_closing_gate(case: Case, short: Sighting, *, cell: str, gate: str) -> float | None:
    """Returns the mean of the gate that passes the state on, if it alone explains the short reach.

    Returns None for another cell, without a reading, or if the mean to the power of the lag is not
    below the threshold. Of several layers, the most open gate counts.
    """
    means = case.latest("gate_mean", ScopeKind.GATE, name=gate)
    if case.spec.model.kind != cell or not means:
        return None
    max_ratio = case.thresholds.of(VanishingThresholds).max_ratio
    return max(means) if max(means) ** max(short.ratio.lag, 1) < max_ratio else None
