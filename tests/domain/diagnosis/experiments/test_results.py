"""The causes of a run are weighed by what its experiments showed."""

from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case, ExperimentRun
from app.domain.diagnosis.experiments.learned import Count
from app.domain.diagnosis.experiments.results import weigh
from app.domain.diagnosis.findings import RankedCause
from app.domain.specs.patch import patched
from tests.domain.builders import case, job

RATE, SIZE = "learning_rate_too_high", "capacity_too_small"
SPEC = job()
SLOWER: dict[str, JsonValue] = {"optimizer": {"learning_rate": 0.0003}}
LARGER: dict[str, JsonValue] = {"model": {"hidden_size": 128}}
RANKED = (
    RankedCause(code=RATE, probability=0.4),
    RankedCause(code=SIZE, probability=0.4),
    RankedCause(code="unknown", probability=0.2),
)
#: Each test lets nine tenths of the runs with its cause learn, and a tenth of those with the other.
COUNTS = {
    RATE: {RATE: Count(tried=5000, learned=4500), SIZE: Count(tried=5000, learned=500)},
    SIZE: {SIZE: Count(tried=5000, learned=4500), RATE: Count(tried=5000, learned=500)},
}


def experiment(patch: dict[str, JsonValue], progress: float, number: int = 1) -> ExperimentRun:
    return ExperimentRun(run_id=UUID(int=number), spec=patched(SPEC, patch), progress=progress)


def with_experiments(*experiments: ExperimentRun) -> Case:
    return replace(case(spec=SPEC), experiments=experiments)


def shares(*experiments: ExperimentRun) -> dict[str, float]:
    weighed = weigh(with_experiments(*experiments), RANKED, counts=COUNTS)
    return {one.code: one.probability for one in weighed.ranked}


def test_without_experiments_nothing_changes() -> None:
    weighed = weigh(case(), RANKED)

    assert (weighed.ranked, weighed.results) == (RANKED, ())


def test_without_causes_there_is_nothing_to_weigh() -> None:
    assert weigh(with_experiments(experiment(SLOWER, 1.0)), ()).results == ()


def test_a_run_that_learned_raises_the_cause_that_it_tests() -> None:
    after = shares(experiment(SLOWER, 0.95))

    assert list(after) == [RATE, SIZE, "unknown"]
    assert after[RATE] == pytest.approx(0.36 / (0.36 + 0.04 + 0.02), rel=0.01)
    assert sum(after.values()) == pytest.approx(1)


def test_a_run_that_did_not_learn_lowers_the_cause_that_it_tests() -> None:
    after = shares(experiment(SLOWER, 0.2))

    assert list(after) == [SIZE, "unknown", RATE]
    assert after[RATE] == pytest.approx(0.04 / (0.04 + 0.36 + 0.18), rel=0.01)


def test_two_experiments_are_weighed_together() -> None:
    after = shares(experiment(SLOWER, 0.2), experiment(LARGER, 0.9, number=2))

    assert after[SIZE] > shares(experiment(LARGER, 0.9))[SIZE] > 0.8
    assert 0 < after[RATE] < 0.02


def test_a_repeated_experiment_counts_once() -> None:
    once = shares(experiment(SLOWER, 0.95))
    twice = shares(experiment(SLOWER, 0.95), experiment(SLOWER, 1.0, number=2))
    divided = shares(experiment(SLOWER, 0.95), experiment(SLOWER, 0.1, number=2))

    assert twice == pytest.approx(once)
    assert divided[RATE] == pytest.approx(divided[SIZE], rel=0.01)


def test_another_change_tells_nothing() -> None:
    other = experiment({"optimizer": {"learning_rate": 0.5}}, 1.0)

    weighed = weigh(with_experiments(other), RANKED)

    assert (weighed.ranked, weighed.results) == (RANKED, ())


def test_a_result_says_what_it_tells() -> None:
    made = with_experiments(experiment(SLOWER, 0.954), experiment(LARGER, 0.2, number=2))

    learned, failed = weigh(made, RANKED, counts=COUNTS).results

    assert (learned.cause, learned.run_id, learned.patch) == (RATE, UUID(int=1), SLOWER)
    assert (learned.has_learned, learned.supports) == (True, RATE)
    assert learned.probability_before < learned.probability
    assert learned.explanation.startswith(
        "With a changed `optimizer.learning_rate` the task was learned: the progress from the "
        "baseline's score to the one that the task allows is 0.954. That speaks for learning rate "
        "too high; the probability of learning rate too high is "
    )
    assert (failed.has_learned, failed.supports) == (False, RATE)
    assert "`model.hidden_size` the task was not learned" in failed.explanation
    assert "speaks against capacity too small" in failed.explanation


def test_a_change_that_cures_another_cause_better_speaks_for_that() -> None:
    counts = {
        **COUNTS,
        RATE: {RATE: Count(tried=500, learned=50), SIZE: Count(tried=500, learned=450)},
    }

    [result] = weigh(with_experiments(experiment(SLOWER, 1.0)), RANKED, counts=counts).results

    assert (result.cause, result.supports) == (RATE, SIZE)
    assert result.probability < result.probability_before


def test_a_failed_test_of_the_only_cause_speaks_for_none() -> None:
    only = (RankedCause(code=RATE, probability=1.0),)

    [result] = weigh(with_experiments(experiment(SLOWER, 0.0)), only).results

    assert result.supports is None
