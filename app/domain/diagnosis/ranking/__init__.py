"""How likely each cause is, before any evidence is weighed."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import UNKNOWN
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.findings import RankedCause


def rank(case: Case) -> tuple[RankedCause, ...]:
    """Returns every possible cause and `unknown`, the likeliest first; the sum is 1."""
    codes = (*(card.code for card in CAUSES if card.is_possible(case)), UNKNOWN)
    return tuple(RankedCause(code=code, probability=1 / len(codes)) for code in codes)
