"""What the tests of causes showed, by the first seed of each change and the injected fault."""

import pytest

from app.domain.diagnosis.experiments.learned import COUNTS
from app.domain.diagnosis.findings import RankedCause
from bench.diagnosis.experiment_results import Tried, counts_of, tried, weighed
from bench.diagnosis.labels import Cure, Diagnosed, read_labels
from bench.diagnosis.plan import make_plan

PLAN = make_plan()


def cure(change: str, *progress: float) -> Cure:
    return Cure(change=change, leaves=frozenset(), progress=progress)


def label_of(kind: str, *cures: Cure) -> Tried:
    run = next(one for one in PLAN if one.kind == kind)
    return tried(run, Diagnosed(key=run.key, control=(0.9, 0.1, 0.2), tried=cures))


def run_with(*injected: str, **has_learned: bool) -> Tried:
    return Tried(key="a", family="adding", injected=frozenset(injected), has_learned=has_learned)


def test_the_first_seed_of_each_change_counts() -> None:
    run = label_of("l2", cure("rate×0.1", 0.7, 0.9, 0.9), cure("rate×10", 0.9), cure("adam", 0.9))

    assert run.injected == {"penalty_dominates"}
    assert run.has_learned == {
        "unreliable_start": True,
        "learning_rate_too_high": False,
        "learning_rate_too_low": True,
        "too_few_steps": True,
    }


def test_undoing_a_fault_of_the_spec_tests_its_cause_where_nothing_else_does() -> None:
    alone = label_of("rate_too_high", cure("undo:rate_too_high", 1.0))
    beside = label_of("rate_too_high", cure("undo:rate_too_high", 1.0), cure("rate×0.1", 0.2))
    of_data = label_of("random_data", cure("undo:random_data", 1.0))

    assert alone.has_learned["learning_rate_too_high"]
    assert not beside.has_learned["learning_rate_too_high"]
    assert "no_signal" not in of_data.has_learned


def test_a_test_of_one_of_two_faults_says_nothing_of_the_other() -> None:
    counts = counts_of([run_with("dead_start", "closed_gates", dead_start=True)])

    assert list(counts) == ["dead_start"]
    assert {cause: (one.tried, one.learned) for cause, one in counts["dead_start"].items()} == {
        "dead_start": (1, 1)
    }


def test_a_test_of_another_cause_counts_for_those_that_the_run_has() -> None:
    counts = counts_of([run_with("dead_start", "closed_gates", overfitting=False)])

    assert {cause: (one.tried, one.learned) for cause, one in counts["overfitting"].items()} == {
        "closed_gates": (1, 0),
        "dead_start": (1, 0),
    }


def test_the_tests_of_the_likeliest_causes_weigh_the_ranking() -> None:
    ranked = [
        RankedCause(code="learning_rate_too_high", probability=0.5),
        RankedCause(code="dead_start", probability=0.3),
        RankedCause(code="unknown", probability=0.2),
    ]
    run = run_with("dead_start", learning_rate_too_high=False, dead_start=True)

    after = weighed(ranked, run, COUNTS)

    assert after[0].code == "dead_start"
    assert sum(one.probability for one in after) == pytest.approx(1)


def test_the_counts_that_are_shipped_are_those_of_the_labels() -> None:
    by_key = {run.key: run for run in PLAN}
    labels = [label for label in read_labels().values() if label.is_confirmed]

    assert counts_of([tried(by_key[one.key], one) for one in labels]) == COUNTS
