"""The codes of findings and causes as enumerations, for the API.

Within the domain a code is the string on its card, because an enumeration that the cards import
could not be derived from them.
"""

from enum import StrEnum

from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.detectors import DETECTORS


class FindingCode(StrEnum):
    """The symptoms that a diagnosis looks for."""

    vars().update({card.code.upper(): card.code for card in DETECTORS})


class CauseCode(StrEnum):
    """The causes of symptoms."""

    vars().update({card.code.upper(): card.code for card in CAUSES})
