"""The outlook in one clause."""

import pytest

from app.domain.diagnosis.findings import Outlook
from app.domain.diagnosis.outlook_in_words import outlook_clause


@pytest.mark.parametrize(
    ("no_better", "not_learned", "ending"),
    [
        (0.01, 0.2, ""),
        (0.3, 0.72, ", very likely (72 %) without having learned the task"),
        (0.92, 0.97, ", almost certainly (92 %) no better than the baseline"),
    ],
)
def test_the_expected_score_is_told_and_a_failure_that_is_likely(
    no_better: float, not_learned: float, ending: str
) -> None:
    outlook = Outlook(
        probability_no_better_than_baseline=no_better,
        probability_not_learned=not_learned,
        metric="mse",
        split="validation",
        expected=0.15123,
        interval=(0.1201, 0.1649),
        share_of_run=0.2,
    )

    told = outlook_clause(outlook)

    assert told == f"left alone it ends at about 0.151 (80 %: 0.12 to 0.165){ending}"
