"""Judges a share of units or gate values that cannot respond, as probes read it."""

from dataclasses import dataclass
from typing import Protocol

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import HARMLESS, UNKNOWN, Consequence, consequence_of
from app.domain.diagnosis.detector import Outcome
from app.domain.diagnosis.episodes import Episode, find_episode, largest_signs
from app.domain.diagnosis.findings import Finding, FindingState, Impact, NotAssessed
from app.domain.diagnosis.progress import task_progress
from app.domain.diagnosis.prose import percent
from app.domain.diagnosis.reach import settle_step
from app.domain.diagnosis.thresholds import BENCHMARK, count, share
from app.domain.scopes import Scope, ScopeKind


class ShareLimits(Protocol):
    """The thresholds of a share."""

    @property
    def min_fraction(self) -> float: ...
    @property
    def min_probes(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class GateThresholds:
    """The thresholds of `saturated_gates`."""

    min_fraction: float = share(
        0.7,
        meaning="smallest share of saturated values of the gate that has most of them",
        source=(
            "0.68 to 1 where too large a rate, a closed gate or the start saturated a gate; up to "
            f"1 in runs that learned, in which it is information; {BENCHMARK}"
        ),
    )
    min_probes: int = count(
        3,
        unit="probes",
        meaning="probes in succession that begin a finding, and that end it",
        source="as `vanishing_gradient.min_probes`",
    )


@dataclass(frozen=True, kw_only=True)
class ActivationThresholds:
    """The thresholds of `saturated_activations`."""

    min_fraction: float = share(
        0.5,
        meaning="smallest share of saturated tanh values of the layer that has most of them",
        source=(
            "at most 0.32 in 95 % of the runs that learned; 0.59 and more in three quarters of "
            f"those with an expansive start, 0.91 with a saturated one; {BENCHMARK}"
        ),
    )
    min_probes: int = count(
        3,
        unit="probes",
        meaning="probes in succession that begin a finding, and that end it",
        source="as `vanishing_gradient.min_probes`",
    )


@dataclass(frozen=True, kw_only=True)
class DeadThresholds:
    """The thresholds of `dead_units`."""

    min_fraction: float = share(
        0.5,
        meaning="smallest share of dead relu units of the layer that has most of them",
        source=(
            "at most 0.25 at the end of runs that learned; 0.75 and more where too large a rate "
            f"or outliers killed units, 1 with a dead start; {BENCHMARK}"
        ),
    )
    min_probes: int = count(
        3,
        unit="probes",
        meaning="probes in succession that begin a finding, and that end it",
        source="as `vanishing_gradient.min_probes`",
    )


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share that probes read, and how it is named."""

    #: Of the finding.
    code: str
    #: What the probe reads.
    quantity: str
    kind: ScopeKind
    #: What a share is said to be: `of the units of layer 0 are positive at no timestep`. It has the
    #: name of the scope in place of `{scope}`.
    in_words: str
    #: Why it matters, as a sentence.
    effect: str


def judge_share(case: Case, limits: ShareLimits, judged: Share) -> Outcome:
    """Returns a finding where the share is large in several probes in succession."""
    signs = largest_signs(case, judged.quantity, judged.kind)
    if not signs:
        return NotAssessed(code=judged.code, reason=f"no probe has read {judged.quantity}")
    episode = find_episode(
        signs,
        lambda sign: sign.value >= limits.min_fraction,
        min_probes=limits.min_probes,
        settle_step=settle_step(case),
    )
    if episode is None:
        return None
    now = consequence_of(case)
    if episode.state is FindingState.PREDICTED and now == HARMLESS:
        return None
    return _finding(case, limits, judged, episode, _consequence(episode, now))


def _consequence(episode: Episode, now: Consequence) -> Consequence:
    if episode.state is FindingState.RESOLVED:
        return HARMLESS
    return now if episode.state is FindingState.ACTIVE else UNKNOWN


def _finding(
    case: Case, limits: ShareLimits, judged: Share, episode: Episode, consequence: Consequence
) -> Finding:
    return Finding(
        code=judged.code,
        state=episode.state,
        impact=consequence.impact,
        severity=consequence.severity,
        first_step=episode.first.step,
        last_step=episode.last.step,
        resolved_step=episode.resolved_step,
        scope=episode.last.scope,
        threshold={"min_fraction": limits.min_fraction},
        evidence={
            judged.quantity: episode.last.value,
            f"{judged.quantity}_at_first_step": episode.first.value,
        },
        explanation=_explanation(case, limits, judged, episode, consequence.impact),
    )


def _explanation(
    case: Case, limits: ShareLimits, judged: Share, episode: Episode, impact: Impact
) -> str:
    last = episode.last
    words = judged.in_words.format(scope=scope_in_words(last.scope))
    if episode.state is FindingState.RESOLVED:
        return (
            f"Up to step {last.step:,}, {percent(last.value)} {words}. From step "
            f"{episode.resolved_step:,} on it is less than {percent(limits.min_fraction)}."
        )
    seen = (
        f"At step {last.step:,}, {percent(last.value)} {words}; this began by step "
        f"{episode.first.step:,}"
    )
    return f"{seen}. {judged.effect} {meaning(case, episode.state, impact)}"


def meaning(case: Case, state: FindingState, impact: Impact) -> str:
    """Returns what a mechanism does to the run, as a sentence."""
    if state is FindingState.PREDICTED:
        return (
            "The run ended before more probes could show whether this lasts."
            if case.has_ended
            else "It is too early to say whether this lasts."
        )
    if impact is Impact.NONE:
        return "It does no harm: the task is learned."
    progress = task_progress(case)
    if impact is Impact.BLOCKING and progress is not None:
        return f"The task is not learned on {progress.split}."
    return "It is not known whether this does harm."


def scope_in_words(scope: Scope) -> str:
    """Returns `layer 0`, or `the forget gate of layer 0`, with the direction if it is reverse."""
    layer = f"layer {scope.layer_index}"
    if scope.direction == "reverse":
        layer += ", which reads backwards,"
    return f"the {scope.name} gate of {layer}" if scope.kind is ScopeKind.GATE else layer
