"""The page on reference models is generated from their cards, and complete."""

import pytest

from docs.references_page import PAGE, page
from worker.references.card import ReferenceCard
from worker.references.registry import CARDS


def test_the_page_is_as_the_code_has_it() -> None:
    assert PAGE.read_text() == page(), "make docs"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_model_has_a_row_with_formula_cost_and_source(card: ReferenceCard) -> None:
    (row,) = (line for line in page().splitlines() if line.startswith(f"| `{card.name}` | "))

    assert all(part for part in (card.formula, card.sees, card.cost, card.source))
    assert row.count("|") >= 7
