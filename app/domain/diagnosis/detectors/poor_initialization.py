"""Did the run start with weights that cannot learn, and did it stay so?"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import HARMLESS, consequence_of, is_late
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.episodes import largest_signs
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.explosions import ExplodingThresholds
from app.domain.diagnosis.findings import Finding, FindingState
from app.domain.diagnosis.growth import growths
from app.domain.diagnosis.prose import listed, percent
from app.domain.diagnosis.reach import Reach, reach_trend, sightings
from app.domain.diagnosis.thresholds import BENCHMARK, share, threshold
from app.domain.diagnosis.units import (
    ActivationThresholds,
    DeadThresholds,
    GateThresholds,
    ShareLimits,
    meaning,
)
from app.domain.scopes import ScopeKind

CODE = "poor_initialization"


@dataclass(frozen=True, kw_only=True)
class StartThresholds:
    """The thresholds of `poor_initialization`, beside those of the mechanisms."""

    max_start_ratio: float = threshold(
        1e-4,
        meaning="gradient at the required lag / at lag 0 at step 0, below which it is contractive",
        source=(
            "above 1e-4 at step 0 of 95 % of the runs that learned, below it in most of those "
            f"with a contractive start; {BENCHMARK}"
        ),
    )
    lasting_share: float = share(
        0.1,
        meaning="share of the run's steps through which all probes must show what the first shows",
        source=(
            "with 0.2 a start that training mends late is missed, with 0 a start that it mends at "
            f"once is blamed; {BENCHMARK}"
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """Something that a start shows, and that lasts."""

    #: A clause: `the gates are saturated`.
    in_words: str
    #: Name of its number in the evidence, with the unit.
    name: str
    value: float


def detect(case: Case, limits: StartThresholds) -> Outcome:
    now = consequence_of(case)
    if now == HARMLESS or not is_late(case):
        return None
    flaws = tuple(_flaws(case, limits))
    if not flaws:
        return None
    evidence: dict[str, JsonValue] = {flaw.name: number(flaw.value) for flaw in flaws}
    return Finding(
        code=CODE,
        state=FindingState.ACTIVE,
        impact=now.impact,
        severity=now.severity,
        first_step=0,
        last_step=case.present_step,
        threshold={"max_start_ratio": limits.max_start_ratio},
        evidence=evidence,
        explanation=(
            f"At step 0 {listed(flaw.in_words for flaw in flaws)}, and so it stays for "
            f"{percent(limits.lasting_share)} of the run's steps. "
            f"{meaning(case, FindingState.ACTIVE, now.impact)}"
        ),
    )


def _flaws(case: Case, limits: StartThresholds) -> Iterator[Flaw]:
    """Yields what the start shows that lasts."""
    of = case.thresholds.of
    shares: tuple[tuple[str, str, ScopeKind, ShareLimits], ...] = (
        ("gates are saturated", "saturated_fraction", ScopeKind.GATE, of(GateThresholds)),
        ("units are saturated", "saturated_fraction", ScopeKind.LAYER, of(ActivationThresholds)),
        ("units are dead", "dead_fraction", ScopeKind.LAYER, of(DeadThresholds)),
    )
    for words, quantity, kind, own in shares:
        signs = largest_signs(case, quantity, kind)
        large = [_Shown(step=one.step, is_shown=one.value >= own.min_fraction) for one in signs]
        if _lasts(case, limits, large):
            yield Flaw(in_words=words, name=f"{quantity}_at_step_0", value=signs[0].value)
    seen, exploding = growths(case), of(ExplodingThresholds)
    growing = [_Shown(step=one.step, is_shown=one.is_expansive(exploding)) for one in seen]
    if _lasts(case, limits, growing):
        yield Flaw(
            in_words="the recurrence enlarges the gradient",
            name="log_gradient_rise_at_step_0",
            value=seen[0].log_rise,
        )
    reached = sightings(case)
    short = [_Shown(step=one.step, is_shown=one.reach is Reach.SHORT) for one in reached]
    is_shrinking = bool(reached) and reached[0].ratio.value < limits.max_start_ratio
    if is_shrinking and _lasts(case, limits, short) and not reach_trend(case).may_grow:
        yield Flaw(
            in_words="the recurrence shrinks the gradient",
            name="gradient_ratio_at_step_0",
            value=reached[0].ratio.value,
        )


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """Whether a probe shows a flaw."""

    step: int
    is_shown: bool


def _lasts(case: Case, limits: StartThresholds, shown: list[_Shown]) -> bool:
    """Returns whether the probe of step 0 shows a flaw, and so do those of the next stretch."""
    last_step = limits.lasting_share * case.num_steps
    early = [one for one in shown if one.step <= last_step]
    return bool(early) and early[0].step == 0 and all(one.is_shown for one in early)


CARD = DetectorCard(
    code=CODE,
    summary="The initial weights cannot learn the task, and training has not mended them.",
    in_words="the initial weights were poor",
    is_essential=False,
    needs=(needs.probes,),
    thresholds=StartThresholds,
    detect=detect,
)
