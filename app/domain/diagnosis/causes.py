"""What brings a symptom about, told from the probe's readings; evidence says with which numbers."""

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Cause
from app.domain.diagnosis.trends import finite_median
from app.domain.symptoms import CauseCode
from app.domain.telemetry import LagProfile

#: By cell: the gate that lets the state pass, and its name in torch's convention.
GATES = {
    "lstm": (CauseCode.CLOSED_FORGET_GATE, "forget"),
    "gru": (CauseCode.OPEN_UPDATE_GATE, "update"),
}
#: Share of activations in the flat part of the non-linearity from which on it is the cause.
MIN_SATURATED = 0.5
#: ln of the gradient at the longest lag relative to lag 0 from which on the recurrence enlarges: a
#: hundredfold; solved networks rise 8 to 29 times.
MIN_LOG_RISE = float(np.log(100))


def cause_of_short_reach(case: Case, profile: LagProfile, *, lag: int, max_ratio: float) -> Cause:
    """Truncation before gates, gates before activations; what is left is the recurrence itself."""
    bptt = case.spec.training.bptt_length
    if bptt is not None and bptt <= lag:
        return Cause(
            code=CauseCode.TRUNCATED_BACKPROPAGATION, evidence={"bptt_length_timesteps": bptt}
        )
    gates = _closing_gates(case, lag=lag, max_ratio=max_ratio)
    return gates or _saturation(case) or _contraction(case, profile)


def _closing_gates(case: Case, *, lag: int, max_ratio: float) -> Cause | None:
    """The mean gate alone, over that many timesteps, lets less through than the threshold."""
    code, gate = GATES.get(case.spec.model.kind, (None, ""))
    means = case.latest("gate_mean", "gate:", scope_suffix=f"/{gate}")
    if code is None or not means or max(means) ** max(lag, 1) >= max_ratio:
        return None
    return Cause(code=code, evidence={f"{gate}_gate_mean": max(means)})


def _saturation(case: Case) -> Cause | None:
    shares = case.latest("saturated_fraction", "layer:")
    if not shares or min(shares) < MIN_SATURATED:
        return None
    return Cause(code=CauseCode.SATURATED_CELL, evidence={"saturated_fraction": min(shares)})


def _contraction(case: Case, profile: LagProfile) -> Cause:
    evidence: dict[str, JsonValue] = {
        **_matrix_evidence(case),
        "decay_rate_nats_per_timestep": number(profile.decay_rate),
    }
    return Cause(code=CauseCode.CONTRACTIVE_RECURRENCE, evidence=evidence)


def cause_of_large_gradient(case: Case, *, max_update_ratio: float) -> Cause | None:
    """An expanding recurrence first; else steps that are too long; None when neither is seen."""
    rise = log_rise(case)
    is_expanding = _starts_expanding(case) if rise is None else rise > MIN_LOG_RISE
    if is_expanding:
        log10_rise = None if rise is None else rise / float(np.log(10))
        evidence: dict[str, JsonValue] = {
            **_matrix_evidence(case),
            "log10_gradient_ratio_at_longest_lag": number(log10_rise),
        }
        return Cause(code=CauseCode.EXPANSIVE_RECURRENCE, evidence=evidence)
    ratio = finite_median(case.scalar("update_ratio"))
    if ratio is not None and ratio > max_update_ratio:
        return Cause(code=CauseCode.LEARNING_RATE_TOO_HIGH, evidence={"update_ratio": ratio})
    return None


def _starts_expanding(case: Case) -> bool:
    """By the measured radius, or by the one asked for where nothing was measured."""
    measured = case.latest("spectral_radius", "layer:")
    asked = case.spec.init.recurrent.nominal_radius or 0.0
    return max(measured, default=asked) > 1


def log_rise(case: Case) -> float | None:
    """Natural log of the gradient at the longest lag relative to lag 0, in the latest profile."""
    for profile in reversed(case.profiles):
        logs = profile.log_norm_T[profile.num_anchors_T > 0]
        if logs.size > 1 and np.isfinite(logs[0]) and not np.isnan(logs[-1]):
            return float(logs[-1] - logs[0])
    return None


def _matrix_evidence(case: Case) -> dict[str, JsonValue]:
    """The largest over the layers, of what was measured."""
    found = {
        quantity: case.latest(quantity, "layer:") or case.latest(quantity, "gate:")
        for quantity in ("spectral_radius", "sigma_max")
    }
    return {quantity: max(values) for quantity, values in found.items() if values}
