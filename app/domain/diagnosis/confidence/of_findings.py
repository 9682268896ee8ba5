"""The confidence of a finding: how likely what it says of the run is true.

- A finding of an outcome: that the run ends without having learned its task.
- Any other that matters: that the run fails, and that one of the causes that explain it is why.
- One that is resolved or information: that it does no harm.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.confidence.chances import CHANCES, Chances
from app.domain.diagnosis.confidence.marks import Marks, marks_of
from app.domain.diagnosis.findings import Cause, Finding, RankedCause, Severity

_EXPLAINED: Mapping[str, frozenset[str]] = MappingProxyType(
    {card.code: card.explains for card in CAUSES}
)


def with_confidence(
    findings: Sequence[Finding],
    case: Case,
    *,
    ranked: Sequence[RankedCause],
    causes: Sequence[Cause],
    chances: Chances = CHANCES,
) -> tuple[Finding, ...]:
    """Returns the findings with their confidence, given the causes as ranked and as named."""
    marks = marks_of(case, findings)
    return tuple(
        replace(
            one,
            confidence=confidence_of(one, marks, ranked=ranked, causes=causes, chances=chances),
        )
        for one in findings
    )


def share_explained(code: str, ranked: Sequence[RankedCause]) -> float:
    """Returns the share of the causes that can explain a finding in the ranking."""
    return sum(one.probability for one in ranked if code in _EXPLAINED.get(one.code, ()))


def confidence_of(
    finding: Finding,
    marks: Marks,
    *,
    ranked: Sequence[RankedCause],
    causes: Sequence[Cause] = (),
    chances: Chances,
) -> float:
    """Returns how likely the finding is right, given the ranking and the causes as named."""
    failing = chances.failing.chance(marks, ranked)
    if finding.code in OUTCOMES:
        why = 1.0
    else:
        why = next(
            _probabilities(finding.code, causes),
            chances.causes.chance(share_explained(finding.code, ranked)),
        )
    if finding.matters:
        # that the run fails is what a critical finding says; the doubt is in its cause
        is_seen = finding.severity is Severity.CRITICAL and finding.code not in OUTCOMES
        return why if is_seen else failing * why
    return 1 - failing * why if ranked else chances.no_harm.chance(marks)


def _probabilities(code: str, causes: Sequence[Cause]) -> Iterator[float]:
    """Yields the probability of a cause that is named by the code of the finding.

    So what is both a finding and a cause has one number where the run has failed.
    """
    for cause in causes:
        if cause.code == code and cause.probability is not None:
            yield cause.probability
