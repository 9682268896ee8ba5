"""How likely a run learns its task by the test of a cause, by counts that are few."""

import pytest

from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.experiments.learned import (
    COUNTS,
    PRIOR_RUNS,
    Count,
    chance_of_learning,
)

RATE, SLOW, START = "learning_rate_too_high", "learning_rate_too_low", "dead_start"


def test_nothing_is_known_without_counts() -> None:
    assert chance_of_learning(RATE, RATE, {}) == 0.5


def test_a_pair_that_was_not_tried_has_the_share_of_its_kind() -> None:
    counts = {
        RATE: {
            RATE: Count(tried=8, learned=8),
            SLOW: Count(tried=4, learned=1),
            START: Count(tried=18, learned=0),
        }
    }

    assert chance_of_learning(START, START, counts) == pytest.approx(9 / 10)
    assert chance_of_learning(RATE, "clip_threshold_too_low", counts) == pytest.approx(2 / 6)
    assert chance_of_learning(RATE, "unknown", counts) == pytest.approx(1 / 20)


def test_a_pair_that_was_tried_often_has_nearly_its_own_share() -> None:
    counts = {RATE: {RATE: Count(tried=1, learned=1), START: Count(tried=396, learned=198)}}

    chance = chance_of_learning(RATE, START, counts)

    pooled = 199 / 398
    assert chance == pytest.approx((198 + PRIOR_RUNS * pooled) / 400)


def test_no_result_excludes_or_proves_a_cause() -> None:
    tests = [card.code for card in CAUSES]

    chances = [chance_of_learning(test, cause, COUNTS) for test in tests for cause in tests]

    assert 0.01 < min(chances) <= max(chances) < 0.99


def test_a_test_speaks_for_its_own_cause_where_others_do_not_learn_by_it() -> None:
    assert chance_of_learning(RATE, RATE, COUNTS) > 3 * chance_of_learning(RATE, START, COUNTS)
