"""Ranks the causes of a case by what its run shows.

measured  readings as numbers, and what summarises them
learning, steps, memory, answers   the signs, by what they are about
signs     all of them
model     a linear model of the signs; its coefficients are data, written by `bench.diagnosis.fit`
"""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.findings import RankedCause
from app.domain.diagnosis.ranking.model import MODEL
from app.domain.diagnosis.ranking.signs import signs


def rank(case: Case) -> tuple[RankedCause, ...]:
    """Returns every possible cause and `unknown` by their shares, the largest first; the sum is 1.

    They are given that the run fails: of a run that learns they mean nothing. How likely a share is
    to be right, `confidence` says.
    """
    return MODEL.rank(case.derived(signs), possible_causes(case))


def possible_causes(case: Case) -> frozenset[str]:
    """Returns the codes of the causes that structure and physics do not exclude."""
    return frozenset(card.code for card in CAUSES if card.is_possible(case))
