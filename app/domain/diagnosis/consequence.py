"""What a mechanism does to a run: its impact and severity, by the run's outcome alone."""

from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Impact, Severity
from app.domain.diagnosis.progress import task_progress

#: Task progress from which on the task counts as learned.
LEARNED = 0.5
#: Task progress below which nothing is learned.
FLAT = 0.1
#: Share of the run's steps before which a run is not expected to have learned.
EARLY_SHARE = 0.5


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
    progress = task_progress(case)
    if progress is None:
        return UNKNOWN
    if progress.is_at_least(LEARNED):
        return HARMLESS
    return BLOCKING if is_late(case, step=progress.step) and progress.is_below(FLAT) else UNKNOWN


def is_late(case: Case, *, step: int | None = None) -> bool:
    """Returns whether a run is expected to have learned by a step, or by its latest one."""
    reached = case.present_step if step is None else step
    return case.has_ended or reached >= EARLY_SHARE * case.num_steps
