"""The run that would tell by its result whether a cause is the right one."""

import pytest

from app.domain.diagnosis.cause import CauseCard
from app.domain.diagnosis.causes import CAUSES
from app.domain.specs.patch import as_document, patched
from tests.domain.builders import case

POSSIBLE = [card for card in CAUSES if card.is_possible(case())]


@pytest.mark.parametrize("card", POSSIBLE, ids=lambda card: card.code)
def test_an_experiment_changes_the_job_and_says_what_it_tells(card: CauseCard) -> None:
    given = case()

    draft = card.experiment(given)

    if draft is not None:
        assert as_document(patched(given.spec, draft.patch)) != as_document(given.spec)
        assert draft.reason.endswith(".")


def test_double_precision_tells_whether_single_precision_is_the_cause() -> None:
    (card,) = (one for one in CAUSES if one.code == "numeric_precision")

    draft = card.experiment(case())

    assert draft is not None
    assert draft.patch == {"training": {"precision": "float64"}}
