"""The page on cautions is generated from the code, and complete."""

import pytest

from app.domain.cautions.card import CautionCard
from app.domain.cautions.kinds import CAUTIONS
from docs.cautions_page import PAGE, page


def test_the_page_is_as_the_code_has_it() -> None:
    assert PAGE.read_text() == page(), "make docs"


@pytest.mark.parametrize("card", CAUTIONS, ids=lambda card: card.code)
def test_every_caution_and_limit_has_a_row(card: CautionCard) -> None:
    assert f"\n| `{card.code}` | {card.summary} | " in page()
    for limit in card.limits:
        assert f"\n| `{card.code}.{limit.name}` | {limit.value:g} | {limit.unit} | " in page()
