"""The lower bound of a share of cures."""

import pytest

from app.domain.diagnosis.record import Record, share_of_cures


def bound(cured: int, tried: int) -> float:
    return Record(tried=tried, cured=cured, control_cured=0, source="").lower_bound


def test_a_remedy_that_was_not_tried_has_cured_nothing_for_certain() -> None:
    assert bound(0, 0) == bound(0, 5) == 0.0


def test_more_trials_with_the_same_share_raise_the_bound() -> None:
    assert bound(1, 1) < bound(4, 4) < bound(40, 40) < 1
    assert bound(1, 2) < bound(10, 20) < 0.5


def test_it_is_the_lower_end_of_wilsons_interval() -> None:
    assert bound(3, 4) == pytest.approx(0.5)


def test_an_untried_remedy_comes_before_one_that_failed_and_after_one_that_cured() -> None:
    records = {
        "penalty_dominates": {
            "weaken_penalty": Record(tried=2, cured=2, control_cured=0, source=""),
            "use_adam": Record(tried=2, cured=0, control_cured=0, source=""),
        }
    }

    cured, untried, failed = (
        share_of_cures(records, cause="penalty_dominates", remedy=kind, untried=0.2)
        for kind in ("weaken_penalty", "less_dropout", "use_adam")
    )

    assert cured > untried > failed
