"""The scores of pairs of runs decide what a remedy does."""

import pytest

from app.domain.runs import StopReason
from app.domain.scopes import Split
from app.domain.trials.progress import WORST
from app.domain.trials.trial import Outcome, RunStop, Trial
from app.domain.trials.verdict import (
    MAX_SEEDS,
    TrialVerdict,
    difference_of,
    first_cure,
    judge,
    majority,
    median_progress,
    winner_of,
)
from tests.domain.trials.builders import outcome, trial, with_stop

CURED, SICK = outcome(0.95), outcome(0.02)
VERDICTS = TrialVerdict


def verdict_of(found: Trial, *, is_over: bool = False) -> TrialVerdict | None:
    return judge(found, 1, is_over=is_over).verdict


def pairs(*progress: tuple[float, float]) -> Trial:
    """A trial with these pairs of progress, with the remedy and without it."""
    return trial(
        {seed: outcome(treated) for seed, (treated, _) in enumerate(progress)},
        control={seed: outcome(untreated) for seed, (_, untreated) in enumerate(progress)},
        num_seeds=max(3, len(progress)),
    )


@pytest.mark.parametrize(("num_seeds", "need"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_majority_decides_the_median(num_seeds: int, need: int) -> None:
    assert majority(num_seeds) == need


def test_a_remedy_cures_when_most_runs_learn_with_it_and_few_without_it() -> None:
    found = trial({0: CURED, 1: CURED}, control={0: SICK}, own=SICK)

    judged = judge(found, 1, is_over=False)

    assert judged.verdict is VERDICTS.CURED
    assert judged.reason == (
        "2 of 2 runs with the remedy learned the task, and 0 of 2 untreated runs."
    )
    assert judged.difference is not None
    assert judged.difference.mean == pytest.approx(0.93)
    assert judged.difference.interval == pytest.approx((0.93, 0.93))


def test_one_of_three_seeds_decides_nothing_while_others_can_follow() -> None:
    found = trial({0: CURED, 1: None}, control={0: SICK}, own=SICK)

    assert verdict_of(found) is None
    judged = judge(found, 1, is_over=True)
    assert judged.verdict is VERDICTS.CURED
    assert "ended before further seeds" in judged.reason
    assert judged.difference is not None
    assert judged.difference.interval is None


@pytest.mark.parametrize(
    ("control", "own"), [({0: SICK}, None), ({0: CURED}, SICK), ({0: None}, SICK)]
)
def test_a_cure_of_one_seed_needs_two_untreated_runs_that_are_sick(
    control: dict[int, Outcome | None], own: Outcome | None
) -> None:
    found = trial({0: CURED}, control=control, own=own)

    assert verdict_of(found, is_over=True) is VERDICTS.INCONCLUSIVE


def test_the_run_itself_does_not_stand_for_a_fresh_untreated_one() -> None:
    found = trial({0: CURED, 1: CURED}, control={0: None}, own=SICK)

    assert verdict_of(found) is None


def test_a_remedy_changes_nothing_where_untreated_runs_learn_too() -> None:
    assert verdict_of(pairs((0.95, 0.9), (0.95, 0.9))) is VERDICTS.UNCHANGED


def test_seeds_that_disagree_ask_for_another_one() -> None:
    assert verdict_of(pairs((0.95, 0.9), (0.95, 0.1))) is None


def test_a_remedy_with_which_nothing_is_learned_needs_no_further_seed() -> None:
    assert verdict_of(pairs((0.05, 0.01))) is VERDICTS.UNCHANGED


def test_a_remedy_that_makes_a_run_diverge_is_not_without_effect() -> None:
    assert verdict_of(pairs((WORST, 0.01))) is None


@pytest.mark.parametrize("treated", [0.01, WORST])
def test_a_remedy_after_which_a_run_that_diverged_learns_nothing_changes_nothing(
    treated: float,
) -> None:
    assert verdict_of(pairs((treated, WORST))) is VERDICTS.UNCHANGED


def test_a_remedy_improves_where_all_likely_differences_are_positive() -> None:
    assert verdict_of(pairs((0.5, 0.1), (0.52, 0.11))) is VERDICTS.IMPROVED


def test_a_remedy_is_worse_where_all_likely_differences_are_negative() -> None:
    assert verdict_of(pairs((0.1, 0.5), (0.12, 0.53))) is VERDICTS.WORSE


def test_a_small_difference_is_none() -> None:
    assert verdict_of(pairs((0.31, 0.3), (0.315, 0.3))) is VERDICTS.UNCHANGED


def test_a_positive_difference_that_does_not_matter_is_none() -> None:
    assert verdict_of(pairs((0.311, 0.3), (0.3112, 0.3))) is VERDICTS.UNCHANGED


def test_two_seeds_that_differ_much_are_inconclusive() -> None:
    assert verdict_of(pairs((0.7, 0.1), (0.2, 0.3))) is VERDICTS.INCONCLUSIVE


def test_a_trial_without_a_pair_is_inconclusive_once_it_is_over() -> None:
    found = trial({0: outcome(stop_reason=StopReason.CRASHED)}, control={0: SICK})

    assert verdict_of(found) is None
    judged = judge(found, 1, is_over=True)
    assert judged.verdict is VERDICTS.INCONCLUSIVE
    assert judged.difference is None


def test_a_single_pair_has_no_interval() -> None:
    difference = difference_of(pairs((0.5, 0.1)), 1)

    assert difference is not None
    assert difference.interval is None


def test_the_interval_is_that_of_student_s_t() -> None:
    difference = difference_of(pairs((0.1, 0.0), (0.2, 0.0), (0.3, 0.0)), 1)

    assert difference is not None
    # mean 0.2, standard deviation 0.1, 2 degrees of freedom: 4.303 * 0.1 / sqrt(3)
    assert difference.interval == pytest.approx((-0.0484, 0.4484), abs=1e-4)


def test_every_number_of_seeds_has_an_interval() -> None:
    difference = difference_of(pairs(*[(0.1, 0.0)] * MAX_SEEDS), 1)

    assert difference is not None
    assert difference.interval == pytest.approx((0.1, 0.1))


def scored(**progress: float) -> Outcome:
    scores: dict[Split, float] = {}
    for split in ("train", "validation", "test"):
        if split in progress:
            scores[split] = progress[split]
    return Outcome(stop_reason=StopReason.COMPLETED, step=1, seconds=1.0, progress=scores)


@pytest.mark.parametrize(
    ("treated", "untreated", "difference"),
    [
        (scored(test=0.9, validation=0.5), scored(test=0.1, validation=0.5), 0.8),
        (scored(test=0.9, validation=0.5), scored(validation=0.3), 0.2),
        (scored(train=0.4), scored(train=0.3), 0.1),
    ],
)
def test_runs_are_compared_on_the_same_split(
    treated: Outcome, untreated: Outcome, difference: float
) -> None:
    found = difference_of(trial({0: treated}, control={0: untreated}), 1)

    assert found is not None
    assert found.mean == pytest.approx(difference)


def test_the_remedy_that_cures_in_the_least_time_wins() -> None:
    slow, fast = outcome(0.99, seconds=9.0), outcome(0.9, seconds=3.0)
    found = trial(
        {0: slow, 1: slow}, {0: fast, 1: fast}, {0: SICK, 1: SICK}, control={0: SICK}, own=SICK
    )

    assert winner_of(found) == 2


def test_nothing_wins_where_nothing_cures() -> None:
    assert winner_of(pairs((0.05, 0.01))) is None


def test_the_median_is_over_the_runs_that_tell_something() -> None:
    found = trial({0: CURED, 1: outcome(None), 2: None}, control={})

    assert median_progress(found, 1) == pytest.approx(0.95)
    assert median_progress(found, 0) is None


def test_a_run_without_scores_has_no_judged_progress() -> None:
    with pytest.raises(ValueError, match="no scores"):
        _ = outcome(None).judged_progress


def stopped(progress: float | None) -> Outcome:
    return outcome(progress, stop_reason=StopReason.CANCELLED)


def outrun(*, learned_first: bool = False) -> Trial:
    """The second remedy was stopped, because the first had cured."""
    seeds = {0: CURED, 1: stopped(0.1)} if learned_first else {0: stopped(0.1)}
    found = trial({0: CURED, 1: CURED}, seeds, control={0: SICK}, own=SICK)
    return with_stop(found, (2, int(learned_first)), RunStop.FIRST_CURE)


@pytest.mark.parametrize("learned_first", [False, True])
@pytest.mark.parametrize("is_over", [False, True])
def test_a_remedy_that_another_has_outrun_is_inconclusive_and_says_so(
    *, learned_first: bool, is_over: bool
) -> None:
    judged = judge(outrun(learned_first=learned_first), 2, is_over=is_over)

    assert judged.verdict is VERDICTS.INCONCLUSIVE
    assert judged.reason == (
        "Stopped at step 100 of 5000, with a progress of 0.10: remedy_1 had cured in less time."
    )


def test_a_remedy_that_was_asked_to_stop_and_ended_by_itself_is_judged_by_that() -> None:
    found = trial({0: CURED, 1: CURED}, {0: CURED, 1: CURED}, control={0: SICK}, own=SICK)

    judged = judge(with_stop(found, (2, 1), RunStop.FIRST_CURE), 2, is_over=False)

    assert judged.verdict is VERDICTS.CURED


def test_a_run_that_was_asked_to_stop_and_still_trains_decides_nothing() -> None:
    found = trial({0: CURED, 1: CURED}, {0: None}, control={0: SICK}, own=SICK)

    assert judge(with_stop(found, (2, 0), RunStop.FIRST_CURE), 2, is_over=False).verdict is None


def test_an_outrun_remedy_is_inconclusive_also_where_the_cure_is_not_known() -> None:
    found = with_stop(trial({0: stopped(0.1)}, control={}), (1, 0), RunStop.FIRST_CURE)

    assert judge(found, 1, is_over=True).reason.endswith(": another remedy had cured in less time.")


def test_the_first_cure_is_decided_by_its_seeds() -> None:
    assert first_cure(outrun()) == 1
    assert first_cure(trial({0: CURED}, control={0: SICK}, own=SICK)) is None
    assert first_cure(trial({0: SICK}, control={0: SICK}, own=SICK)) is None


def test_what_a_run_had_reached_when_the_budget_was_spent_is_told() -> None:
    found = trial({0: stopped(0.62)}, {0: stopped(None)}, control={0: SICK}, own=SICK)
    for arm in (1, 2):
        found = with_stop(found, (arm, 0), RunStop.BUDGET_SPENT)

    first, second = (judge(found, arm, is_over=True) for arm in (1, 2))

    assert first.verdict is VERDICTS.INCONCLUSIVE
    assert first.reason == (
        "Stopped at step 100 of 5000, with a progress of 0.62: the budget was spent. "
        "No two runs with the same seed ended by themselves."
    )
    assert second.reason.startswith("Stopped at step 100 of 5000: the budget was spent.")


def test_a_cure_that_is_known_when_the_budget_is_spent_stays_one() -> None:
    found = trial({0: CURED, 1: stopped(0.1)}, control={0: SICK}, own=SICK)

    judged = judge(with_stop(found, (1, 1), RunStop.BUDGET_SPENT), 1, is_over=True)

    assert judged.verdict is VERDICTS.CURED
