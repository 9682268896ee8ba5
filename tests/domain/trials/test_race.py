"""Once a remedy has cured, the others get no more time than it took."""

import pytest

from app.domain.trials.race import late_places, time_limit_s
from app.domain.trials.trial import TrainingSoFar, Trial, TrialUntil
from tests.domain.trials.builders import outcome, trial

FAST, SLOW = outcome(0.95, seconds=6.0), outcome(0.95, seconds=8.0)
SICK = outcome(0.02)
#: Longer than the quickest of 6 s and 8 s, and no longer.
LATE, IN_TIME = 6.01, 6.0


def a_race(until: TrialUntil = TrialUntil.FIRST_CURE) -> Trial:
    """The first remedy has cured in 6 s and in 8 s; the second and the control still train."""
    return trial({0: FAST, 1: SLOW}, {0: None}, control={0: SICK, 2: None}, own=SICK, until=until)


def late(found: Trial, seconds: float, progress: float | None = 0.0) -> list[tuple[int, int]]:
    return late_places(found, {(2, 0): TrainingSoFar(seconds=seconds, progress=progress)})


def test_the_limit_is_the_quickest_run_of_the_remedy_that_cured() -> None:
    assert time_limit_s(a_race()) == pytest.approx(6.0)


def test_the_fastest_cure_sets_the_limit() -> None:
    found = trial({0: SLOW, 1: SLOW}, {0: FAST, 1: FAST}, control={0: SICK}, own=SICK)

    assert time_limit_s(found) == pytest.approx(6.0)


@pytest.mark.parametrize(
    "found",
    [
        trial({0: FAST}, control={0: SICK}, own=SICK),
        trial({0: FAST, 1: FAST}, control={0: None}, own=SICK),
        trial({0: SICK}, control={0: SICK}, own=SICK),
        a_race(TrialUntil.DECIDED),
    ],
)
def test_there_is_no_limit_before_a_cure_is_decided_or_where_every_verdict_is_asked_for(
    found: Trial,
) -> None:
    assert time_limit_s(found) is None
    assert late_places(found, {}) == []


def test_a_run_is_stopped_after_the_limit_alone() -> None:
    assert late(a_race(), IN_TIME) == []
    assert late(a_race(), LATE) == [(2, 0)]
    assert late(a_race(), LATE, progress=None) == [(2, 0)]


def test_a_run_that_has_learned_the_task_goes_on_to_its_end() -> None:
    assert late(a_race(), LATE, progress=0.8) == []


def test_an_untreated_run_and_one_that_is_not_known_yet_go_on() -> None:
    assert late_places(a_race(), {(0, 2): TrainingSoFar(seconds=99.0, progress=0.0)}) == []
