"""The codes of findings and causes as enumerations, for the edge of the service.

Within the domain a code is the string on its card: an enumeration that the cards import could not
be derived from them.
"""

from enum import StrEnum

from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.detectors import DETECTORS


class FindingCode(StrEnum):
    """Symptoms that are looked for."""

    vars().update({card.code.upper(): card.code for card in DETECTORS})


class CauseCode(StrEnum):
    """What brings a symptom about."""

    vars().update({card.code.upper(): card.code for card in CAUSES})
