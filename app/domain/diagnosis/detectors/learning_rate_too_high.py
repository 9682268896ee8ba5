"""Were the steps so long that the weights grew or the loss rose, and stayed there?

A long step alone is no evidence: near an optimum the loss of a fresh batch rises along any step.
An expansion at step 0 has a large loss before any step, and an outlier leaves the weights as they
are: neither makes the weights grow.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.attainment import is_trained, reached
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import consequence_of
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Finding, FindingState, NotAssessed
from app.domain.diagnosis.prose import percent, short
from app.domain.diagnosis.streaks import recent_median, rolling_median
from app.domain.diagnosis.thresholds import BENCHMARK, CHOSEN, count, share, threshold
from app.domain.diagnosis.travel import mean_update, weight_growth
from app.domain.diagnosis.trends import finite_median
from app.domain.telemetry import DoubleArray

CODE = "learning_rate_too_high"
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
        meaning="smallest loss / loss at the start that is damage, beside `risen_growth`",
        source=BENCHMARK,
    )
    risen_growth: float = threshold(
        1.3,
        low=1,
        meaning="growth of the weights at which a risen loss is damage by the steps",
        source="a loss that outliers or penalties raise leaves it near 1 or below",
    )
    noise_update_ratio: float = threshold(
        3e-3,
        meaning="smallest mean of ||update|| / ||weights|| of steps that follow noise",
        source=f"at most 1e-3 in networks whose loss is rough from step 0 on; {BENCHMARK}",
    )
    noise_growth: float = threshold(
        1.1, low=1, meaning="smallest growth of the weights by such steps", source=BENCHMARK
    )
    min_noise: float = threshold(
        0.1,
        meaning=(
            "smallest median change of a fresh batch's loss by a step, relative to the loss, at "
            "which steps follow noise"
        ),
        source=BENCHMARK,
    )
    min_rising_share: float = share(
        0.3,
        meaning="smallest share of probed steps that raise the loss of a fresh batch, beside it",
        source=BENCHMARK,
    )
    broken_growth: float = threshold(
        4.0,
        low=1,
        meaning=(
            "growth of the weights that is enough without `max_factor` where the loss is above "
            "that at the start, or the training score is no better than the baseline"
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
    damage = _damage(case, limits)
    is_by_noise = _follows_noise(case, damage, limits)
    if is_trained(case) or not (is_by_noise or _is_damaged(damage, limits)):
        return None
    steps_n, factor_n = case.probed("best_step_factor")
    is_long_n = rolling_median(factor_n, size=limits.min_probes) <= limits.max_factor
    is_long_n[: limits.min_probes - 1] = False
    if not (is_long_n.any() or is_by_noise or _is_broken(case, damage, limits)):
        if steps_n.size >= limits.min_probes:
            return None
        return NotAssessed(code=CODE, reason=f"fewer than {limits.min_probes} updates were probed")
    first = steps_n[is_long_n][0] if is_long_n.any() else damage.grown_at
    return _finding(case, limits, damage, first_step=int(first or 0))


def _damage(case: Case, limits: RateTooHighThresholds) -> _Damage:
    growth_n, loss_n = weight_growth(case), case.recorded("loss")
    # the first steps of a broken network already have a large loss, and a single batch is noisy
    start = min(
        (median for n in (1, FIRST_STEPS) if (median := finite_median(loss_n[:n])) is not None),
        default=0.0,
    )
    last_n = loss_n[-LAST_STEPS:].astype(np.float64)
    recent_n = np.where(np.isfinite(last_n), last_n, np.inf)
    grown_n = case.telemetry.steps_n[growth_n >= limits.min_growth]
    return _Damage(
        growth=float(growth_n[-1]),
        rise=float(np.median(recent_n)) / start if start else 0.0,
        grown_at=int(grown_n[0]) if grown_n.size else None,
    )


def _is_damaged(damage: _Damage, limits: RateTooHighThresholds) -> bool:
    has_risen = damage.rise >= limits.min_rise and damage.growth >= limits.risen_growth
    return has_risen or damage.growth >= limits.min_growth


def _follows_noise(case: Case, damage: _Damage, limits: RateTooHighThresholds) -> bool:
    """Returns whether steps change the loss of a fresh batch much, as often up as down."""
    _, gain_n = case.probed("step_gain")
    later_n = gain_n[1:]
    return (
        later_n.size >= limits.min_probes
        and damage.growth >= limits.noise_growth
        and mean_update(case) >= limits.noise_update_ratio
        and float(np.median(np.abs(later_n))) >= limits.min_noise
        and float((later_n < 0).mean()) >= limits.min_rising_share
    )


def _is_broken(case: Case, damage: _Damage, limits: RateTooHighThresholds) -> bool:
    """Returns whether the weights grew several-fold, and the network is worse than at the start."""
    share = reached(case, "train")
    is_worse = damage.rise >= 1 or (share is not None and share <= 0)
    return damage.growth >= limits.broken_growth and is_worse


def _finding(
    case: Case,
    limits: RateTooHighThresholds,
    damage: _Damage,
    *,
    first_step: int,
) -> Finding:
    consequence = consequence_of(case)
    _, factor_n = case.probed("best_step_factor")
    medians_n = rolling_median(factor_n, size=limits.min_probes)[limits.min_probes - 1 :]
    least = float(medians_n.min()) if medians_n.size else np.inf
    shortest = least if least <= limits.max_factor else None
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=first_step,
        last_step=case.present_step,
        threshold={
            "max_factor": limits.max_factor,
            "min_growth": limits.min_growth,
            "min_rise": limits.min_rise,
        },
        evidence=_evidence(case, damage, shortest, limits),
        explanation=f"{_steps(case, damage, shortest, limits)} {_what_it_did(damage)}",
    )


def _evidence(
    case: Case, damage: _Damage, shortest: float | None, limits: RateTooHighThresholds
) -> dict[str, JsonValue]:
    _, factor_n = case.probed("best_step_factor")
    gain_n = case.probed("step_gain")[1][1:]
    return {
        "best_step_factor_least_median": number(shortest),
        "best_step_factor_recent_median": number(recent_median(factor_n, least=limits.min_probes)),
        "weight_norm_over_start": number(damage.growth),
        "loss_over_start": number(damage.rise),
        "step_change_median": number(_median_change(gain_n)),
        "step_rises_share": float((gain_n < 0).mean()) if gain_n.size else None,
        "update_ratio_mean": number(mean_update(case)),
        "probes": int(factor_n.size),
    }


def _median_change(gain_n: DoubleArray) -> float | None:
    return float(np.median(np.abs(gain_n))) if gain_n.size else None


def _steps(
    case: Case, damage: _Damage, shortest: float | None, limits: RateTooHighThresholds
) -> str:
    if shortest is not None:
        part = f"{percent(shortest)} of" if shortest else "no part of"
        return (
            f"In {limits.min_probes} successive probes {part} the update was best for a batch that "
            "it was not made from."
        )
    if _follows_noise(case, damage, limits):
        change = _median_change(case.probed("step_gain")[1][1:])
        return (
            f"A step changes the loss of a batch that it was not made from by a median of "
            f"{short(change or 0.0)} of it, up or down."
        )
    return "The weights are far from where they began, and the network is worse than it was."


def _what_it_did(damage: _Damage) -> str:
    if not np.isfinite([damage.growth, damage.rise]).all():
        return "The weights or the loss are not finite any more."
    return (
        f"The norm of the weights is {short(damage.growth)} times that at the start, and the "
        f"loss is {short(damage.rise)} times that of the first steps."
    )


CARD = DetectorCard(
    code=CODE,
    summary="The steps are too long: the weights grow or the loss rises and stays high.",
    in_words="the steps are too long",
    is_essential=False,
    needs=(needs.recorded_steps,),
    thresholds=RateTooHighThresholds,
    detect=detect,
)
