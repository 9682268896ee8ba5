"""Which findings, causes and remedies belong together, derived from their cards."""

from app.domain.diagnosis.cause import CauseCard
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.order_of_advice import in_order_of_advice
from app.domain.diagnosis.remedy import RemedyCard


def causes_of(finding: str) -> tuple[str, ...]:
    """Returns the codes of the causes that can explain the finding, by family."""
    return tuple(card.code for card in CAUSES if finding in card.explains)


def findings_explained_by(cause: CauseCard) -> tuple[str, ...]:
    """Returns the codes of the findings that the cause can explain, in a diagnosis' order."""
    return tuple(card.code for card in DETECTORS if card.code in cause.explains)


def remedies_for(cause: str) -> tuple[str, ...]:
    """Returns the kinds of the remedies that act on the cause, in the order of advice."""
    return tuple(card.kind for card in in_order_of_advice({cause: 1.0}))


def findings_of(remedy: RemedyCard) -> tuple[str, ...]:
    """Returns the codes of the findings for which the remedy can be advised."""
    return tuple(
        card.code for card in DETECTORS if not remedy.causes.isdisjoint(causes_of(card.code))
    )
