"""What tells how likely a run is to fail: its score, its findings, and the steps that are left."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Finding, FindingState, Severity
from app.domain.diagnosis.outcome import outcome_of

#: Levels of scores are cut off here.
LEAST_LEVEL, MOST_LEVEL = -0.5, 1.5


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The numbers of one case."""

    #: Whether a finding is critical: the run does not learn its task.
    has_failed: bool
    #: Findings that are active and matter, times the share of the steps that are left: one that
    #: is early tells more than one with which a run came far.
    active_left: float
    #: Share of the steps that are done, from 0 to 1.
    share: float
    #: The level of the latest score (`standing`) times the share of the steps that are left.
    level_left: float


def marks_of(case: Case, findings: Sequence[Finding]) -> Marks:
    grave = [one for one in findings if one.matters]
    share = min(1.0, case.num_steps_done / case.num_steps)
    return Marks(
        has_failed=any(one.severity is Severity.CRITICAL for one in grave),
        active_left=sum(one.state is FindingState.ACTIVE for one in grave) * (1 - share),
        share=share,
        level_left=_level(case) * (1 - share),
    )


def _level(case: Case) -> float:
    """Returns the level or, where the expected score is unknown, the gain; 0 without a score."""
    outcome = outcome_of(case)
    if outcome is None:
        return 0.0
    level = outcome.judged.level
    known = outcome.judged.gain if level is None else level
    return min(MOST_LEVEL, max(LEAST_LEVEL, known))
