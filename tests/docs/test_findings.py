"""The page on findings, causes and remedies is generated from the code, and complete."""

import pytest

from app.domain.diagnosis.cause import CauseCard
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.overrides import THRESHOLDS
from app.domain.diagnosis.remedies import REMEDIES
from docs.findings_page import PAGE, page

CODES = [
    *(card.code for card in DETECTORS),
    *(card.code for card in CAUSES),
    *(card.kind for card in REMEDIES),
]


def test_the_page_is_as_the_code_has_it() -> None:
    assert PAGE.read_text() == page(), "make docs"


@pytest.mark.parametrize("name", [*CODES, *THRESHOLDS])
def test_every_member_and_threshold_has_a_row(name: str) -> None:
    assert f"\n| `{name}` | " in page()


@pytest.mark.parametrize("card", CAUSES, ids=lambda card: card.code)
def test_every_key_of_evidence_has_a_row_with_its_unit(card: CauseCard) -> None:
    for key in card.evidence:
        assert f"| `{key.name}` | {key.unit} | " in page()
