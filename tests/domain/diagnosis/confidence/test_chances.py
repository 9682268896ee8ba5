"""Probabilities as logistic functions of a few numbers."""

import math

import pytest

from app.domain.diagnosis.confidence.chances import (
    CHANCES,
    LEAST,
    OfCauses,
    OfFailing,
    OfNoHarm,
    log_odds,
)
from app.domain.diagnosis.confidence.marks import Marks
from app.domain.diagnosis.findings import RankedCause

PLAIN = OfFailing(seen=0.9, bias=0.0, decided=1.0, level_left=-2.0, active_left=0.5)


def marks(
    *,
    has_failed: bool = False,
    active_left: float = 0.0,
    share: float = 0.5,
    level_left: float = 0.0,
) -> Marks:
    return Marks(has_failed=has_failed, active_left=active_left, share=share, level_left=level_left)


def test_the_log_odds_of_one_half_are_0_and_stay_finite_at_the_ends() -> None:
    assert log_odds(0.5) == 0
    assert log_odds(0.0) == pytest.approx(math.log(LEAST / (1 - LEAST)))
    assert log_odds(1.0) == pytest.approx(-log_odds(0.0))


@pytest.mark.parametrize("share", [-1e-12, 0.0, 1.0, 1 + 1e-12])
def test_what_is_excluded_or_proven_stays_so(share: float) -> None:
    assert OfCauses(bias=3.0, slope=0.5).chance(share) == min(1.0, max(0.0, share))


def test_a_bias_raises_the_chance_of_every_share() -> None:
    generous = OfCauses(bias=math.log(2), slope=1.0)

    assert generous.chance(0.5) == pytest.approx(2 / 3)
    assert generous.chance(0.2) == pytest.approx(1 / 3)


def test_a_failure_that_is_seen_has_its_own_number() -> None:
    assert PLAIN.chance(marks(has_failed=True), ()) == 0.9


def test_a_run_is_likelier_to_fail_the_surer_its_cause_and_the_more_findings() -> None:
    unsure, sure = (
        (
            RankedCause(code="unknown", probability=1 - share),
            RankedCause(code="no_signal", probability=share),
        )
        for share in (0.3, 0.5)
    )

    assert PLAIN.chance(marks(), unsure) == pytest.approx(0.3)
    assert PLAIN.chance(marks(), sure) == pytest.approx(0.5)
    assert PLAIN.chance(marks(active_left=1.0), sure) > 0.5
    assert PLAIN.chance(marks(level_left=0.5), sure) < 0.5
    assert PLAIN.chance(marks(), ()) == pytest.approx(LEAST)


def test_information_is_surer_the_later_it_is() -> None:
    chances = OfNoHarm(bias=0.0, share=2.0)

    assert chances.chance(marks(share=0.0)) == 0.5
    assert chances.chance(marks(share=1.0)) > 0.8


def test_the_fitted_numbers_are_at_most_nine_and_point_the_expected_way() -> None:
    numbers = [value for part in CHANCES.model_dump().values() for value in part.values()]

    assert len(numbers) <= 9
    assert CHANCES.causes.slope > 0
    assert CHANCES.failing.seen > 0.9
    assert CHANCES.failing.decided > 0
    assert CHANCES.failing.level_left < 0
    assert CHANCES.failing.active_left > 0
    assert CHANCES.no_harm.share > 0
