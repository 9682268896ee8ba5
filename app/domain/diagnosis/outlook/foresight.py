"""A mechanism that agrees with the outlook is critical before the end of the run."""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import BLOCKING
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    Outlook,
    Severity,
)
from app.domain.diagnosis.outcome import outcome_of
from app.domain.diagnosis.reach import reach_trend
from app.domain.diagnosis.standing import BaselineThresholds, Standing
from app.domain.task import LagSource

#: Findings that rest on the required lag. While that is only estimated they are warnings.
BY_REQUIRED_LAG = frozenset({"vanishing_gradient", "truncation_too_short"})
#: Findings that may go away while the reach of the gradient grows.
BY_REACH = BY_REQUIRED_LAG | {"no_better_than_baseline"}
#: Runs that are as good as a reference model, even if that is no better than the baseline.
NOT_BEHIND = frozenset({Standing.REACHED, Standing.OPEN})


def with_foresight(
    case: Case, findings: Sequence[Finding], outlook: Outlook | None
) -> tuple[Finding, ...]:
    """Returns the findings; active warnings are critical where the task is unlikely to be learned.

    A task that is learned as well as can be expected now is not at risk.
    """
    outcome = outcome_of(case)
    if outcome is None or outlook is None or outcome.judged.standing in NOT_BEHIND:
        return tuple(findings)
    limits = case.thresholds.of(BaselineThresholds)
    is_early = outlook.share_of_run < limits.min_foresight_share
    if is_early or outlook.probability_not_learned < limits.min_outlook:
        return tuple(findings)
    return tuple(
        replace(one, impact=BLOCKING.impact, severity=BLOCKING.severity)
        if _may_block(case, one)
        else one
        for one in findings
    )


def _may_block(case: Case, finding: Finding) -> bool:
    """Returns whether a finding is active, and only a warning because the run goes on.

    A reach that may still grow is a reason to wait.
    """
    source = None if case.task is None else case.task.required_lag.source
    is_by_estimate = finding.code in BY_REQUIRED_LAG and source is LagSource.ESTIMATED
    may_go_away = finding.code in BY_REACH and reach_trend(case).may_grow
    return (
        finding.state is FindingState.ACTIVE
        and finding.severity is Severity.WARNING
        and finding.impact is Impact.UNKNOWN
        and not (is_by_estimate or may_go_away)
    )
