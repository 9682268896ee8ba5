"""Were the steps so long that the weights grew or the loss rose, and stayed there?

A long step alone is no evidence: near an optimum the loss of a fresh batch rises along any step.
An expansion at step 0 has a large loss before any step, and an outlier leaves the weights as they
are: neither makes the weights grow.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.attainment import is_trained
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.explosions import weight_norm
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.streaks import recent_median, rolling_median
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, threshold
from app.domain.diagnosis.trends import finite_median
from app.domain.telemetry import DoubleArray

CODE = "learning_rate_too_high"
CONFIDENCE_BY_STEPS, CONFIDENCE_BY_DAMAGE = 0.9, 0.7
#: Steps of which the loss at the start is the median, and of which the recent loss is.
FIRST_STEPS, LAST_STEPS = 5, 20


@dataclass(frozen=True, kw_only=True)
class RateTooHighThresholds:
    """The thresholds of `learning_rate_too_high`."""

    max_factor: float = threshold(
        0.5,
        low=0,
        meaning="largest best multiple of the update, median of `min_probes`, that is too long",
        source=BENCHMARK,
    )
    min_growth: float = threshold(
        2.0,
        low=1,
        meaning="smallest norm of the weights / norm at the start that is damage",
        source=BENCHMARK,
    )
    min_rise: float = threshold(
        1.5,
        low=1,
        meaning="smallest loss / loss at the start that is damage",
        source=BENCHMARK,
    )
    broken_growth: float = threshold(
        4.0,
        low=1,
        meaning=(
            "growth of the weights that is enough without `max_factor` where the loss is above "
            "that at the start"
        ),
        source=BENCHMARK,
    )
    min_probes: int = count(
        3, unit="probes", meaning="number of successive probes that must agree", source=CHOSEN
    )


@dataclass(frozen=True, kw_only=True)
class _Damage:
    """What the steps did to the network."""

    #: Norm of the weights / that at the start.
    growth: float
    #: Median loss of the last steps / that of the first ones.
    rise: float
    #: First step at which the weights had grown by `min_growth`; None if they have not.
    grown_at: int | None


def detect(case: Case, limits: RateTooHighThresholds) -> Outcome:
    steps_n, factor_n = case.probed("best_step_factor")
    if steps_n.size < limits.min_probes:
        return NotAssessed(
            code=CODE, reason=f"fewer than {limits.min_probes} updates have been probed yet"
        )
    damage = _damage(case, limits)
    if is_trained(case) or not _is_damaged(damage, limits):
        return None
    is_long_n = rolling_median(factor_n, size=limits.min_probes) <= limits.max_factor
    is_long_n[: limits.min_probes - 1] = False
    is_broken = damage.growth >= limits.broken_growth and damage.rise >= 1
    if not is_long_n.any() and not is_broken:
        return None
    first = steps_n[is_long_n][0] if is_long_n.any() else damage.grown_at
    return _finding(case, limits, damage, factor_n, first_step=int(first or 0))


def _damage(case: Case, limits: RateTooHighThresholds) -> _Damage:
    norm_n, loss_n = weight_norm(case), case.scalar("loss")
    start = finite_median(loss_n[:FIRST_STEPS])
    recent_n = np.where(np.isfinite(loss_n), loss_n, np.inf)[-LAST_STEPS:]
    growth_n = norm_n / norm_n[0] if norm_n[0] else np.ones(norm_n.size)
    growth_n = np.where(np.isfinite(growth_n), growth_n, np.inf)
    grown_n = case.telemetry.steps_n[growth_n >= limits.min_growth]
    return _Damage(
        growth=float(growth_n[-1]),
        rise=float(np.median(recent_n)) / start if start else 0.0,
        grown_at=int(grown_n[0]) if grown_n.size else None,
    )


def _is_damaged(damage: _Damage, limits: RateTooHighThresholds) -> bool:
    return damage.growth >= limits.min_growth or damage.rise >= limits.min_rise


def _finding(
    case: Case,
    limits: RateTooHighThresholds,
    damage: _Damage,
    factor_n: DoubleArray,
    *,
    first_step: int,
) -> Finding:
    consequence = consequence_of(case)
    medians_n = rolling_median(factor_n, size=limits.min_probes)
    shortest = float(medians_n[limits.min_probes - 1 :].min())
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        confidence=CONFIDENCE_BY_STEPS if shortest <= limits.max_factor else CONFIDENCE_BY_DAMAGE,
        first_step=first_step,
        last_step=case.present_step,
        threshold={
            "max_factor": limits.max_factor,
            "min_growth": limits.min_growth,
            "min_rise": limits.min_rise,
        },
        evidence=_evidence(damage, factor_n, shortest, limits),
        explanation=f"{_steps(shortest, limits)} {_what_it_did(damage)}",
    )


def _evidence(
    damage: _Damage, factor_n: DoubleArray, shortest: float, limits: RateTooHighThresholds
) -> dict[str, JsonValue]:
    return {
        "best_step_factor_least_median": number(shortest),
        "best_step_factor_recent_median": number(recent_median(factor_n, least=limits.min_probes)),
        "weight_norm_over_start": number(damage.growth),
        "loss_over_start": number(damage.rise),
        "probes": int(factor_n.size),
    }


def _steps(shortest: float, limits: RateTooHighThresholds) -> str:
    if shortest <= limits.max_factor:
        return (
            f"In {limits.min_probes} successive probes {shortest:.3g} of the update was best for a "
            "batch that it was not made from."
        )
    return "The network is far from where it began, and its loss is higher."


def _what_it_did(damage: _Damage) -> str:
    return (
        f"The weights are {damage.growth:.3g} times as large as at the start, and the loss is "
        f"{damage.rise:.3g} times that of the first steps."
    )


CARD = DetectorCard(
    code=CODE,
    summary="The steps are too long: the weights grow or the loss rises and stays high.",
    in_words="the steps are too long",
    is_essential=False,
    needs=(needs.recorded_steps, needs.probed_updates),
    thresholds=RateTooHighThresholds,
    detect=detect,
)
