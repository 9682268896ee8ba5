"""The codes of cautions as an enumeration, for profiles and the API."""

from enum import StrEnum

from app.domain.cautions.kinds import CAUTIONS


class CautionCode(StrEnum):
    """What a profile warns of."""

    vars().update({card.code.upper(): card.code for card in CAUTIONS})
