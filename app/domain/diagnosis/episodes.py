"""When a sign that probes read was present: in several probes in succession, never in one alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import FindingState
from app.domain.scopes import Scope, ScopeKind


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What one probe read of a quantity, in the scope where it is largest."""

    step: int
    value: float
    scope: Scope


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A stretch of a run in which probes show a sign."""

    state: FindingState
    #: The first and the last probe that show it.
    first: Sign
    last: Sign
    #: The first probe of those that end the stretch; None unless it is resolved.
    resolved_step: int | None = None


def largest_signs(case: Case, quantity: str, kind: ScopeKind) -> tuple[Sign, ...]:
    """Returns the largest finite value over the scopes of a kind, probe by probe."""
    by_step: dict[int, Sign] = {}
    for one in case.readings_of(quantity):
        if one.scope.kind is not kind or not np.isfinite(one.value):
            continue
        known = by_step.get(one.step)
        if known is None or one.value > known.value:
            by_step[one.step] = Sign(step=one.step, value=one.value, scope=one.scope)
    return tuple(by_step[step] for step in sorted(by_step))


def find_episode(
    signs: Sequence[Sign],
    is_shown: Callable[[Sign], bool],
    *,
    min_probes: int,
    settle_step: int,
) -> Episode | None:
    """Returns the latest episode; None if there is none.

    It begins where `min_probes` probes in succession show the sign and ends where as many do not;
    only probes from `settle_step` on count for that. What all probes show so far, which are too
    few, is predicted.
    """
    shown = [is_shown(sign) for sign in signs]
    first: int | None = None
    past: Episode | None = None
    settled: list[int] = []
    for end in range(1, len(signs) + 1):
        if signs[end - 1].step >= settle_step:
            settled.append(end - 1)
        recent = settled[-min_probes:]
        if len(recent) < min_probes:
            continue
        if first is None and all(shown[place] for place in recent):
            first = _begin(shown, end)
        elif first is not None and not any(shown[place] for place in recent):
            last = max(place for place in range(first, end) if shown[place])
            past = Episode(
                state=FindingState.RESOLVED,
                first=signs[first],
                last=signs[last],
                resolved_step=signs[recent[0]].step,
            )
            first = None
    if first is not None:
        last = max(place for place in range(first, len(signs)) if shown[place])
        return Episode(state=FindingState.ACTIVE, first=signs[first], last=signs[last])
    return past or _prediction(signs, shown, min_probes=min_probes, settle_step=settle_step)


def _prediction(
    signs: Sequence[Sign], shown: Sequence[bool], *, min_probes: int, settle_step: int
) -> Episode | None:
    settled = [place for place in range(len(signs)) if signs[place].step >= settle_step]
    if not signs or len(settled) >= min_probes or not shown[-1]:
        return None
    if not all(shown[place] for place in settled):
        return None
    first = _begin(shown, len(signs))
    return Episode(state=FindingState.PREDICTED, first=signs[first], last=signs[-1])


def _begin(shown: Sequence[bool], end: int) -> int:
    """Returns the first place of the unbroken stretch that lies before `end`."""
    while end and shown[end - 1]:
        end -= 1
    return end
