"""Names the causes of a run: families first, a single cause only where it stands out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import UNDETERMINED, Family
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.confidence.chances import CHANCES, OfCauses
from app.domain.diagnosis.experiments.plans import plans_of
from app.domain.diagnosis.findings import (
    Cause,
    Experiment,
    ExperimentResult,
    Finding,
    RankedCause,
)
from app.domain.diagnosis.ranking import rank
from app.domain.diagnosis.remedy import Patch
from app.domain.specs.patch import as_document, patched

# On families of tasks that the ranking did not see, 93 % of the leaves that are named so are right,
# and 76 % of the families; of `undetermined` ones the likeliest leaf is right in 54 %.
#: A cause is named if it is more likely than not, and otherwise `undetermined`.
MIN_PROBABILITY = 0.5
#: Share of its family in the ranking from which on a single cause stands out.
MIN_SHARE = 0.5
#: Causes of a diagnosis, `undetermined` included.
MAX_CAUSES = 3
#: Families with a smaller share of the ranking are not listed.
MIN_LISTED = 0.05
#: Experiments that are offered: one for each of the two likeliest causes.
MAX_EXPERIMENTS = 2

_CARDS = MappingProxyType({card.code: card for card in CAUSES})


@dataclass(frozen=True, kw_only=True)
class _Group:
    """The possible causes of one family, the likeliest first."""

    family: Family
    #: With their shares in the ranking.
    leaves: tuple[RankedCause, ...]
    #: From shares to probabilities.
    chances: OfCauses

    @property
    def share(self) -> float:
        return sum(leaf.probability for leaf in self.leaves)

    @property
    def probability(self) -> float:
        """That one of the causes is right."""
        return self.chances.chance(self.share)


def hypotheses(case: Case, findings: Sequence[Finding]) -> tuple[RankedCause, ...]:
    """Returns the possible causes and `unknown` by their shares; none without a need for a cause.

    A cause that is proven is the only one. The shares sum to 1.
    """
    if not any(finding.matters for finding in findings):
        return ()
    proven = [card.code for card in CAUSES if card.is_proven(case)]
    return (RankedCause(code=proven[0], probability=1.0),) if proven else rank(case)


def with_probabilities(
    ranked: Sequence[RankedCause], chances: OfCauses = CHANCES.causes
) -> tuple[RankedCause, ...]:
    """Returns the causes with the probability of each being right in place of its share."""
    return tuple(replace(one, probability=chances.chance(one.probability)) for one in ranked)


def named_causes(
    given: Sequence[RankedCause],
    case: Case,
    *,
    results: Sequence[ExperimentResult] = (),
    chances: OfCauses = CHANCES.causes,
) -> tuple[Cause, ...]:
    """Returns at most three causes of hypotheses that are ordered by their shares.

    If no family is more likely than not, the first cause is `undetermined`, with experiments that
    have no result yet.
    """
    if not given:
        return ()
    ranked = tuple(one for one in given if one.code in _CARDS)
    listed = [one for one in _groups(ranked, chances) if one.share >= MIN_LISTED][:MAX_CAUSES]
    if listed and listed[0].probability >= MIN_PROBABILITY:
        return tuple(_named(group, case) for group in listed)
    candidates = listed[: MAX_CAUSES - 1]
    undetermined = Cause(
        code=UNDETERMINED,
        probability=1 - chances.chance(sum(group.share for group in candidates)),
        experiments=_experiments(ranked, case, done=[one.patch for one in results]),
    )
    return (undetermined, *(_named(group, case) for group in candidates))


def explained_by(finding: Finding, causes: Sequence[Cause]) -> Cause | None:
    """Returns the first cause that can explain the finding; `undetermined` may explain any."""
    if not finding.matters:
        return None
    return next((cause for cause in causes if _explains(cause, finding.code)), None)


def _explains(cause: Cause, finding: str) -> bool:
    if cause.code == UNDETERMINED:
        return True
    codes = [cause.code] if cause.code in _CARDS else [leaf.code for leaf in cause.leaves]
    return any(finding in _CARDS[code].explains for code in codes)


def _groups(ranked: Sequence[RankedCause], chances: OfCauses) -> list[_Group]:
    """Returns the families of the ranked causes, the likeliest first."""
    by_family = (
        (family, tuple(one for one in ranked if _CARDS[one.code].family is family))
        for family in Family
    )
    groups = [
        _Group(family=family, leaves=leaves, chances=chances)
        for family, leaves in by_family
        if leaves
    ]
    return sorted(groups, key=lambda group: group.share, reverse=True)


def _named(group: _Group, case: Case) -> Cause:
    """Returns the likeliest cause if it stands out within its family, otherwise the family.

    The family is named, too, if it is more likely than not and none of its causes is.
    """
    leaves = with_probabilities(group.leaves, group.chances)
    first = leaves[0]
    is_clear = group.leaves[0].probability >= MIN_SHARE * group.share
    is_family_likelier = first.probability < MIN_PROBABILITY <= group.probability
    found = Cause(
        code=first.code,
        family=group.family,
        probability=first.probability,
        evidence=_CARDS[first.code].measure(case),
        leaves=leaves,
    )
    if is_clear and not is_family_likelier:
        return replace(found, no_remedy=_CARDS[first.code].no_remedy)
    return replace(found, code=group.family.value, probability=group.probability)


def _experiments(
    ranked: Sequence[RankedCause], case: Case, *, done: Collection[Patch]
) -> tuple[Experiment, ...]:
    """Returns experiments that were not done yet, those of the likeliest causes first."""
    plans = plans_of([one.code for one in ranked], case)
    open_plans = [plan for plan in plans if plan.draft.patch not in done]
    return tuple(
        Experiment(
            cause=plan.causes[0],
            reason=plan.draft.reason,
            patch=plan.draft.patch,
            body=as_document(patched(case.spec, plan.draft.patch)),
        )
        for plan in open_plans[:MAX_EXPERIMENTS]
    )
