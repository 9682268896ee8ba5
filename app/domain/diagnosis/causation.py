"""Names the causes of a run: families first, a single cause only where it stands out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import UNDETERMINED, Family
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.findings import (
    Cause,
    Experiment,
    Finding,
    FindingState,
    RankedCause,
    Severity,
)
from app.domain.diagnosis.ranking import rank
from app.domain.specs.patch import as_document, patched

# On families of tasks that the ranking did not see, 93 % of the leaves that are named so are right,
# and 76 % of the families; of `undetermined` ones the likeliest leaf is right in 54 %.
#: A cause is named if it is more likely than not, and otherwise `undetermined`.
MIN_PROBABILITY = 0.5
#: Share of its family's probability from which on a single cause stands out.
MIN_SHARE = 0.5
#: Causes of a diagnosis, `undetermined` included.
MAX_CAUSES = 3
#: Families that are less likely are not listed.
MIN_LISTED = 0.05
#: Experiments that are offered: one for each of the two likeliest causes.
MAX_EXPERIMENTS = 2

_CARDS = MappingProxyType({card.code: card for card in CAUSES})


@dataclass(frozen=True, kw_only=True)
class _Group:
    """The possible causes of one family, the likeliest first."""

    family: Family
    leaves: tuple[RankedCause, ...]

    @property
    def probability(self) -> float:
        return sum(leaf.probability for leaf in self.leaves)


def matters(finding: Finding) -> bool:
    """Returns whether a finding needs a cause: it is not past, and more than information."""
    return finding.state is not FindingState.RESOLVED and finding.severity is not Severity.INFO


def hypotheses(case: Case, findings: Sequence[Finding]) -> tuple[RankedCause, ...]:
    """Returns the possible causes and `unknown` by probability; none without a need for a cause.

    A cause that is proven is the only one.
    """
    if not any(map(matters, findings)):
        return ()
    proven = [card.code for card in CAUSES if card.is_proven(case)]
    return (RankedCause(code=proven[0], probability=1.0),) if proven else rank(case)


def named_causes(given: Sequence[RankedCause], case: Case) -> tuple[Cause, ...]:
    """Returns at most three causes of hypotheses that are ordered by probability.

    If no family is more likely than not, the first cause is `undetermined`, with experiments.
    """
    if not given:
        return ()
    ranked = tuple(one for one in given if one.code in _CARDS)
    listed = [one for one in _groups(ranked) if one.probability >= MIN_LISTED][:MAX_CAUSES]
    if listed and listed[0].probability >= MIN_PROBABILITY:
        return tuple(_named(group, case) for group in listed)
    return _with_undetermined(listed[: MAX_CAUSES - 1], ranked, case)


def explained_by(finding: Finding, causes: Sequence[Cause]) -> Cause | None:
    """Returns the first cause that can explain the finding; `undetermined` may explain any."""
    if not matters(finding):
        return None
    return next((cause for cause in causes if _explains(cause, finding.code)), None)


def with_probability(finding: Finding, ranked: Sequence[RankedCause]) -> Finding:
    """Returns the finding with the probability of the cause of the same code as its confidence.

    So what is both a finding and a cause has one number.
    """
    if not matters(finding):
        return finding
    known = {one.code: one.probability for one in ranked}
    return replace(finding, confidence=known.get(finding.code, finding.confidence))


def _explains(cause: Cause, finding: str) -> bool:
    if cause.code == UNDETERMINED:
        return True
    codes = [cause.code] if cause.code in _CARDS else [leaf.code for leaf in cause.leaves]
    return any(finding in _CARDS[code].explains for code in codes)


def _groups(ranked: Sequence[RankedCause]) -> list[_Group]:
    """Returns the families of the ranked causes, the likeliest first."""
    by_family = (
        (family, tuple(one for one in ranked if _CARDS[one.code].family is family))
        for family in Family
    )
    groups = [_Group(family=family, leaves=leaves) for family, leaves in by_family if leaves]
    return sorted(groups, key=lambda group: group.probability, reverse=True)


def _named(group: _Group, case: Case) -> Cause:
    """Returns the likeliest cause if it stands out within its family, otherwise the family.

    The family is named, too, if it is more likely than not and none of its causes is.
    """
    first = group.leaves[0]
    is_clear = first.probability >= MIN_SHARE * group.probability
    is_family_likelier = first.probability < MIN_PROBABILITY <= group.probability
    found = Cause(
        code=first.code,
        family=group.family,
        probability=first.probability,
        evidence=_CARDS[first.code].measure(case),
        leaves=group.leaves,
    )
    if is_clear and not is_family_likelier:
        return replace(found, no_remedy=_CARDS[first.code].no_remedy)
    return replace(found, code=group.family.value, probability=group.probability)


def _with_undetermined(
    listed: Sequence[_Group], ranked: Sequence[RankedCause], case: Case
) -> tuple[Cause, ...]:
    candidates = [_named(group, case) for group in listed]
    explained = sum(cause.probability or 0.0 for cause in candidates)
    undetermined = Cause(
        code=UNDETERMINED,
        probability=max(0.0, 1 - explained),
        experiments=tuple(_experiments(ranked, case))[:MAX_EXPERIMENTS],
    )
    return (undetermined, *candidates)


def _experiments(ranked: Sequence[RankedCause], case: Case) -> Iterator[Experiment]:
    """Yields the experiments of the causes, the likeliest first; each change once."""
    seen = []
    for one in ranked:
        draft = _CARDS[one.code].experiment(case)
        if draft is not None and draft.patch not in seen:
            seen.append(draft.patch)
            yield Experiment(
                cause=one.code,
                reason=draft.reason,
                patch=draft.patch,
                body=as_document(patched(case.spec, draft.patch)),
            )
