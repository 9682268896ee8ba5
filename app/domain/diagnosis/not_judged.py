"""Says why a run that failed early is not judged: there is nothing of its training to look at."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.summary import ENDS
from app.domain.runs import StopReason

#: With these reasons a run can end before its first step.
FAILED_EARLY = (
    StopReason.TIMED_OUT,
    StopReason.CANCELLED,
    StopReason.LOST,
    StopReason.CRASHED,
    StopReason.OUT_OF_MEMORY,
)


def why_not_judged(case: Case) -> str | None:
    """Returns the clause `the data were refused`; None if the run can be judged.

    A run whose data were refused is never judged, and one that ended otherwise than it was asked
    to is not judged without a reading.
    """
    if case.stop_reason is StopReason.INVALID_DATA:
        return "the data were refused"
    if case.stop_reason not in FAILED_EARLY or case.as_of_step is not None:
        return None
    return f"the run {ENDS[case.stop_reason]} before its first step"
