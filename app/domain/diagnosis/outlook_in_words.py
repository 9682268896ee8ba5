"""The outlook of a running run in words."""

from app.domain.diagnosis.findings import Outlook
from app.domain.diagnosis.prose import likelihood, percent, short

#: Probabilities below are told as an expected score only.
MIN_TOLD = 0.5


def outlook_clause(outlook: Outlook) -> str:
    """Returns `left alone it ends at about 0.151 (80 %: 0.12 to 0.16)`, or that it fails."""
    span = f"80 %: {' to '.join(short(end) for end in outlook.interval)}"
    ends = f"left alone it ends at about {short(outlook.expected)} ({span})"
    told = (
        (outlook.probability_no_better_than_baseline, "no better than the baseline"),
        (outlook.probability_not_learned, "without having learned the task"),
    )
    for probability, words in told:
        if probability >= MIN_TOLD:
            return f"{ends}, {likelihood(probability)} ({percent(probability)}) {words}"
    return ends
