"""A trial costs no more runs than its question needs."""

import pytest

from app.domain.runs import StopReason
from app.domain.trials.schedule import Moves, first_places, next_moves
from app.domain.trials.trial import RunStop, TrainingSoFar, Trial, TrialEnd
from tests.domain.trials.builders import outcome, trial, with_stop

CURED, SICK, HALF = outcome(0.95), outcome(0.02), outcome(0.5)
#: A run that could not be queued.
REFUSED = outcome(None, stop_reason=StopReason.CANCELLED)


def moves_of(found: Trial) -> Moves:
    return next_moves(found, spent=0.0, so_far={})


def test_a_trial_begins_with_one_seed_of_every_arm() -> None:
    assert first_places(2) == ((0, 0), (1, 0), (2, 0))


def test_a_remedy_that_has_learned_is_tried_at_once_with_the_seed_of_the_run() -> None:
    found = trial({0: CURED}, {0: None}, control={0: None}, own=SICK)

    # the run itself is the untreated one with the second seed
    assert moves_of(found) == Moves(start=[(1, 1)])


def test_the_next_seed_is_trained_without_the_remedy_too() -> None:
    found = trial({0: CURED}, {0: None}, control={0: None})

    assert moves_of(found) == Moves(start=[(0, 1), (1, 1)])


def test_a_remedy_that_has_learned_waits_for_no_other() -> None:
    found = trial({0: CURED, 1: None}, {0: None}, control={0: None}, own=SICK)

    assert moves_of(found) == Moves()


def test_two_remedies_share_their_untreated_run() -> None:
    found = trial({0: CURED}, {0: CURED}, control={0: SICK})

    assert moves_of(found) == Moves(start=[(0, 1), (1, 1), (2, 1)])


def test_remedies_that_learned_less_get_no_further_seed_beside_one_that_learned() -> None:
    found = trial({0: CURED, 1: CURED}, {0: HALF}, control={0: SICK}, own=SICK)

    assert moves_of(found) == Moves(end_reason=TrialEnd.DECIDED)


def test_the_better_half_goes_on_where_nothing_was_learned() -> None:
    found = trial({0: outcome(0.2)}, {0: HALF}, {0: outcome(0.3)}, control={0: SICK}, own=SICK)

    assert moves_of(found) == Moves(start=[(2, 1), (3, 1)])


@pytest.mark.parametrize(
    ("seconds", "stop_reason", "start"),
    [
        (2.5, StopReason.DIVERGED, [(1, 1)]),
        (2.6, StopReason.DIVERGED, []),
        (2.5, StopReason.COMPLETED, []),
    ],
)
def test_a_remedy_whose_run_diverged_early_waits_for_no_other(
    seconds: float, stop_reason: StopReason, start: list[tuple[int, int]]
) -> None:
    # the run took 10 s
    ended = outcome(-1.0, seconds=seconds, stop_reason=stop_reason)
    found = trial({0: ended}, {0: None}, control={0: None}, own=SICK)

    assert moves_of(found) == Moves(start=start)


def test_a_remedy_whose_run_diverged_early_goes_on_beside_no_cure() -> None:
    diverged = outcome(-1.0, seconds=1.0, stop_reason=StopReason.DIVERGED)
    found = trial({0: diverged}, {0: CURED, 1: None}, control={0: None}, own=SICK)

    assert moves_of(found) == Moves()


def test_only_a_quarter_goes_on_after_the_second_seed() -> None:
    # far apart, so that two seeds decide nothing
    split = {0: outcome(0.2), 1: outcome(0.85)}
    other = {0: outcome(0.85), 1: outcome(0.3)}
    found = trial(split, other, control={0: SICK, 1: SICK})

    assert moves_of(found).start == [(0, 2), (1, 2)]


def test_the_better_half_waits_for_the_worse() -> None:
    found = trial({0: HALF}, {0: None}, control={0: SICK}, own=SICK)

    assert moves_of(found) == Moves()


def test_a_remedy_that_is_decided_gets_no_further_seed() -> None:
    found = trial({0: SICK}, control={0: SICK}, own=SICK)

    assert moves_of(found) == Moves(end_reason=TrialEnd.DECIDED)


def test_no_seed_follows_the_last() -> None:
    found = trial({0: HALF}, control={0: SICK}, num_seeds=1)

    assert moves_of(found) == Moves(end_reason=TrialEnd.DECIDED)


def test_a_run_that_crashed_tells_nothing_and_ends_the_try_of_its_remedy() -> None:
    crashed = outcome(None, stop_reason=StopReason.CRASHED)
    found = trial({0: crashed}, control={0: None}, own=SICK)

    assert moves_of(found) == Moves(stop={(0, 0): RunStop.DECIDED})


def test_a_diverged_run_without_scores_tells_nothing() -> None:
    found = trial({0: outcome(None)}, control={0: SICK})

    assert moves_of(found) == Moves(end_reason=TrialEnd.DECIDED)


def test_the_control_goes_on_while_a_remedy_needs_it() -> None:
    found = trial({0: CURED, 1: CURED}, control={0: None}, own=SICK)

    assert moves_of(found) == Moves()


def test_a_trial_stops_its_runs_once_its_budget_is_spent() -> None:
    found = trial({0: None}, control={0: SICK}, budget=2.0)

    assert next_moves(found, spent=1.9, so_far={}) == Moves()
    stopping = next_moves(found, spent=2.0, so_far={})
    assert stopping == Moves(stop={(1, 0): RunStop.BUDGET_SPENT})


def test_a_trial_ends_when_the_stopped_runs_have_ended() -> None:
    stopped = outcome(0.4, stop_reason=StopReason.CANCELLED)
    found = trial({0: stopped}, control={0: SICK}, budget=2.0)

    moves = next_moves(found, spent=2.0, so_far={})

    assert moves == Moves(end_reason=TrialEnd.BUDGET_SPENT)


def test_an_arm_whose_run_cannot_be_queued_is_left_out() -> None:
    found = trial({0: CURED, 1: REFUSED}, {0: CURED}, control={0: SICK}, own=SICK)

    assert moves_of(found).start == [(2, 1)]


def test_a_trial_without_its_control_ends() -> None:
    found = trial({0: CURED, 1: REFUSED}, control={0: SICK, 1: REFUSED})

    assert moves_of(found) == Moves(end_reason=TrialEnd.DECIDED)


def test_a_remedy_that_another_has_outrun_is_stopped() -> None:
    found = trial({0: CURED, 1: CURED}, {0: None}, control={0: SICK}, own=SICK)
    slow = {(2, 0): TrainingSoFar(seconds=100.0, progress=0.0)}

    moves = next_moves(found, spent=0.0, so_far=slow)

    assert moves == Moves(stop={(2, 0): RunStop.FIRST_CURE})


def test_an_outrun_remedy_gets_no_further_seed() -> None:
    stopped = outcome(0.1, stop_reason=StopReason.CANCELLED)
    found = trial({0: CURED, 1: CURED}, {0: stopped}, control={0: SICK}, own=SICK)

    assert moves_of(found) == Moves(end_reason=TrialEnd.DECIDED)


def test_a_remedy_that_learned_with_most_seeds_goes_on_where_untreated_runs_disagree() -> None:
    found = trial({0: CURED, 1: CURED}, control={0: CURED}, own=SICK)

    assert moves_of(found).start == [(0, 2), (1, 2)]


def test_a_budget_that_was_spent_stays_so() -> None:
    stopped = outcome(0.0, stop_reason=StopReason.CANCELLED)
    found = trial({0: CURED}, control={0: stopped}, own=SICK)

    moves = moves_of(with_stop(found, (0, 0), RunStop.BUDGET_SPENT))

    assert moves == Moves(end_reason=TrialEnd.BUDGET_SPENT)
