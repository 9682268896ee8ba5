import pytest

from bench.diagnosis.grading import Grade, grade_of, solved_values, values_of
from bench.diagnosis.labels import Cure, Diagnosed
from bench.diagnosis.scoring import by_group, left_out, scored, scores
from tests.bench.diagnosis.builders import judged, opinions


def test_half_of_the_bases_progress_is_grey_and_four_fifths_are_healthy():
    assert [grade_of(share) for share in (0.49, 0.5, 0.79, 0.8)] == [
        Grade.FAILED,
        Grade.GREY,
        Grade.GREY,
        Grade.HEALTHY,
    ]


def test_a_detection_lasts_from_the_share_after_which_it_never_goes():
    assert opinions(0.1, 0.5, 0.75, 1.0).detected_at == 0.5
    assert opinions(0.05, 0.1, 0.2, 0.25, 0.5, 0.75).detected_at is None


def test_two_sick_judgements_in_a_row_are_told_from_two_apart():
    assert opinions(0.1, 0.2).is_sick_twice
    assert not opinions(0.1, 0.5).is_sick_twice


def test_total_and_partial_failures_are_counted_apart_and_grey_runs_not_at_all():
    runs = [
        judged(0.0, said=opinions(1.0)),
        judged(0.3),
        judged(0.6, said=opinions(1.0)),
        judged(0.9),
    ]

    found = scores(scored(runs, "ours", {}))

    assert (found.detected_total.hits, found.detected_total.cases) == (1, 1)
    assert (found.detected_partial.hits, found.detected_partial.cases) == (0, 1)
    assert (found.false_alarm_any.hits, found.false_alarm_any.cases) == (0, 1)


def test_a_healthy_run_that_was_sick_once_is_a_false_alarm_at_any_share_but_not_at_the_end():
    found = scores(scored([judged(1.0, said=opinions(0.2))], "ours", {}))

    assert found.false_alarm_any.value == 1
    assert found.false_alarm_twice.value == 0
    assert found.false_alarm_end.value == 0


def test_no_answer_is_a_wrong_cause_and_is_counted_as_no_answer():
    runs = [
        judged(0.0, "penalty_dominates"),
        judged(0.1, "penalty_dominates", said=opinions(causes=("penalty_dominates",))),
        judged(0.2, "penalty_dominates", said=opinions(causes=("undetermined",))),
    ]

    found = scores(scored(runs, "ours", {}))

    assert found.leaf_first.value == pytest.approx(1 / 3)
    assert found.answered.value == pytest.approx(1 / 3)


def test_a_leaf_of_the_right_family_counts_for_the_family_alone():
    said = opinions(causes=("closed_gates", "contractive_recurrence"))

    found = scores(scored([judged(0.0, "contractive_recurrence", said=said)], "ours", {}))

    assert (found.family_first.hits, found.leaf_first.hits, found.leaf_in_three.hits) == (1, 0, 1)


def test_a_fourth_cause_comes_too_late():
    said = opinions(causes=("no_signal", "overfitting", "closed_gates", "penalty_dominates"))

    found = scores(scored([judged(0.0, "penalty_dominates", said=said)], "ours", {}))

    assert found.leaf_in_three.hits == 0


def test_a_rate_too_low_and_steps_too_few_are_one_leaf():
    said = opinions(causes=("learning_rate_too_low",))

    found = scores(scored([judged(0.0, "too_few_steps", said=said)], "ours", {}))

    assert found.leaf_first.hits == 1


def test_the_cause_is_that_of_the_changes_that_cured_once_the_fault_is_confirmed():
    run = judged(0.0, "penalty_dominates", said=opinions(causes=("learning_rate_too_low",)))
    cure = Cure(change="rate×10", leaves=frozenset({"learning_rate_too_low"}), progress=(0.9, 0.9))
    label = Diagnosed(key=run.graded.key, control=(0.0, 0.1), tried=(cure,))

    found = scores(scored([run], "ours", {run.graded.key: label}))

    assert found.leaf_first.hits == 1


def test_a_finding_is_right_if_it_describes_the_cause():
    right = judged(0.0, "penalty_dominates", said=opinions(codes=("penalty_dominates",)))
    outcome = judged(0.1, "penalty_dominates", said=opinions(codes=("no_better_than_baseline",)))

    assert scores(scored([right, outcome], "ours", {})).code_right.hits == 1


def test_groups_of_fewer_than_twenty_runs_are_left_out():
    runs = scored([judged(0.0) for _ in range(19)], "ours", {})

    assert not by_group(runs, lambda one: one.task)
    assert by_group([*runs, runs[0]], lambda one: one.task)


def test_each_family_is_left_out_once():
    runs = [judged(1.0, family=family) for family in ("text", "adding", "text")]

    parts = list(left_out(runs))

    assert [(len(others), len(own)) for others, own in parts] == [(2, 1), (1, 2)]


def test_a_value_is_solved_if_one_run_with_it_is_healthy():
    failed, solved = judged(0.0, "penalty_dominates"), judged(1.0, "penalty_dominates")

    assert not solved_values([failed.graded])
    assert solved_values([failed.graded, solved.graded]) == values_of(failed.graded)
