from dataclasses import replace

import pytest

from app.domain.diagnosis.findings import RankedCause
from bench.diagnosis.example import Example
from bench.diagnosis.left_out import (
    answer,
    shares_of,
    surest,
    with_answers,
    without_family,
    without_kind,
)
from bench.diagnosis.report_matched import pairs
from bench.diagnosis.report_ranking import ranking_part
from bench.diagnosis.scoring import scored
from tests.bench.diagnosis.builders import judged, opinions
from tests.bench.diagnosis.test_fit import examples_of_three_causes

EXAMPLE = Example(
    key="a",
    family="adding",
    share=1.0,
    signs={},
    leaves=frozenset({"too_few_steps"}),
    possible=frozenset(),
)


def _ranked(**probabilities: float) -> tuple[RankedCause, ...]:
    ordered = sorted(probabilities.items(), key=lambda one: -one[1])
    return tuple(RankedCause(code=code, probability=value) for code, value in ordered)


def test_the_likeliest_cause_of_the_likeliest_family_comes_first() -> None:
    given = answer(
        EXAMPLE,
        _ranked(no_signal=0.4, learning_rate_too_low=0.3, too_few_steps=0.25, unknown=0.05),
    )

    assert [one.code for one in given.causes] == [
        "learning_rate_too_low",
        "no_signal",
        "too_few_steps",
    ]
    assert given.is_leaf_right
    assert given.share == pytest.approx(0.55)
    assert given.share < given.probability < 1


def test_the_surest_are_those_of_the_largest_probabilities() -> None:
    sure = answer(EXAMPLE, _ranked(no_signal=0.9))
    unsure = answer(EXAMPLE, _ranked(too_few_steps=0.5))

    assert surest([unsure, sure]) == [sure]
    assert list(shares_of([unsure, sure])) == [0.5, 0.5, 0.5, 0.0]


def test_each_run_is_answered_by_a_model_that_did_not_see_its_family_or_kind() -> None:
    examples = list(examples_of_three_causes())

    by_family = without_family(examples)
    by_kind = without_kind(examples, lambda one: one.leaves)

    assert len(by_family) == len(by_kind) == len(examples)
    assert sum(one.is_leaf_right for one in by_family) > 0.9 * len(examples)
    # without any example of its cause a model has nothing to go by
    assert sum(one.is_leaf_right for one in by_kind) < 0.5 * len(examples)


def test_only_a_judge_that_named_a_cause_gets_another_answer() -> None:
    named = judged(0.0, "too_few_steps", said=opinions(1.0, causes=("no_signal",)))
    silent = judged(0.0, "too_few_steps")
    given = [
        answer(replace(EXAMPLE, key=run.graded.key), _ranked(too_few_steps=0.8))
        for run in (named, silent)
    ]

    first, second = with_answers([named, silent], given)

    assert first.opinions["ours"].last.causes == ("too_few_steps",)
    assert first.opinions["ours"].last.cause_probability == given[0].probability
    assert second == silent


def test_a_pair_is_right_if_only_the_failed_run_is_sick_and_its_cause_is_right() -> None:
    failed = judged(0.0, "penalty_dominates", said=opinions(1.0, causes=("penalty_dominates",)))
    solved, alarm = (
        judged(1.0, "penalty_dominates"),
        judged(1.0, "penalty_dominates", said=opinions(1.0)),
    )

    assert "| ours | 100%" in pairs({"ours": scored([failed, solved], "ours", {})})
    assert "| ours | 0%" in pairs({"ours": scored([failed, alarm], "ours", {})})


def test_the_report_on_the_ranking_has_a_line_for_each_way_to_leave_out() -> None:
    examples = list(examples_of_three_causes())

    text = ranking_part(examples, {one.key: one.leaves for one in examples})

    assert "| family of tasks | 90 |" in text
    assert "| family of tasks, job hidden | 90 |" in text
    assert "| kind of fault | 90 |" in text
    assert "Brier score" in text
    assert ranking_part((), {}).endswith("No examples.")
