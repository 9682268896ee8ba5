"""What a mechanism does to a run: its impact and severity, by the run's outcome alone."""

from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Impact, Severity
from app.domain.diagnosis.outcome import Outcome, outcome_of
from app.domain.diagnosis.standing import BaselineThresholds, Standing


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """The impact and the severity that follow from the outcome so far."""

    impact: Impact
    severity: Severity


HARMLESS = Consequence(impact=Impact.NONE, severity=Severity.INFO)
BLOCKING = Consequence(impact=Impact.BLOCKING, severity=Severity.CRITICAL)
UNKNOWN = Consequence(impact=Impact.UNKNOWN, severity=Severity.WARNING)


def consequence_of(case: Case) -> Consequence:
    """Returns what a mechanism that is present now does to the run.

    Harmless where the task is learned; blocking where nothing is learned after half of the steps;
    unknown otherwise, for instance without a score.
    """
    outcome = outcome_of(case)
    if outcome is None:
        return UNKNOWN
    if outcome.judged.has_learned:
        return HARMLESS
    is_at_floor = outcome.judged.standing is Standing.AT_FLOOR
    return BLOCKING if is_late(case, step=outcome.judged.step) and is_at_floor else UNKNOWN


def is_late(case: Case, *, step: int | None = None) -> bool:
    """Returns whether a run is expected to have learned by a step, or by its latest one."""
    reached = case.present_step if step is None else step
    min_share = case.thresholds.of(BaselineThresholds).min_share
    return case.has_ended or reached >= min_share * case.num_steps


def consequence_of_failure(case: Case, outcome: Outcome) -> Consequence:
    """Returns what it means that a score or a loss is not as it should be.

    Harmless where the task is learned all the same; blocking where the run has ended without it;
    unknown otherwise.
    """
    if outcome.judged.has_learned:
        return HARMLESS
    is_final = case.has_ended and outcome.is_due
    return BLOCKING if is_final and outcome.judged.standing is not Standing.OPEN else UNKNOWN
