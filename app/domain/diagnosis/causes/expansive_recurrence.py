"""The recurrent Jacobian enlarges the gradient."""

from math import log

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.explosions import ExplodingThresholds
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.recurrence import MATRIX_KEYS, log_rise, matrix_evidence
from app.domain.scopes import ScopeKind

#: Gradient at the longest lag / at lag 0 above which the recurrence is expansive. It is 8 to 29 in
#: networks that solved their task.
MIN_RISE = 100.0
RISE_KEY = "log10_gradient_ratio_at_longest_lag"


def tell_of_large_gradient(case: Case) -> Evidence | None:
    """Judges by the lag profile or, if there is none, by the spectral radius of the matrix."""
    rise = log_rise(case)
    is_expanding = _starts_expanding(case) if rise is None else rise > log(MIN_RISE)
    if not is_expanding:
        return None
    log10_rise = None if rise is None else rise / log(10)
    return {**matrix_evidence(case), RISE_KEY: number(log10_rise)}


def tell_of_no_learning(case: Case) -> Evidence | None:
    """Holds only for a rise as in an explosion; a smaller one does not prevent learning."""
    rise = log_rise(case)
    if rise is None or rise <= log(case.thresholds.of(ExplodingThresholds).max_rise):
        return None
    return {RISE_KEY: number(rise / log(10))}


def _starts_expanding(case: Case) -> bool:
    """Judges by the measured radius or, if there is none, by the radius in the spec."""
    measured = case.latest("spectral_radius", ScopeKind.LAYER)
    asked = case.spec.init.recurrent.nominal_radius or 0.0
    return max(measured, default=asked) > 1


CARD = CauseCard(
    code="expansive_recurrence",
    summary="The recurrent Jacobian enlarges the gradient.",
    tests={
        "exploding_gradient": tell_of_large_gradient,
        "non_finite": tell_of_large_gradient,
        "clipping_masks_explosion": tell_of_large_gradient,
        "no_better_than_baseline": tell_of_no_learning,
    },
    evidence=(
        *MATRIX_KEYS,
        EvidenceKey(
            name=RISE_KEY,
            unit="log10",
            meaning="gradient norm at the longest lag relative to lag 0; above 0 it grows",
        ),
    ),
)
