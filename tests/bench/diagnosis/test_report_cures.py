"""The page on cures of a fresh test set."""

from bench.diagnosis.cures import Attempt, read_courses
from bench.diagnosis.report_cures import PAGE, page
from tests.bench.diagnosis.test_cures import attempt, course

CURE, NO_CURE = attempt(0.9, 0.95), attempt(0.1, 0.2)


def test_the_page_counts_what_cures_runs_whose_control_stays_sick() -> None:
    courses = [
        course(0.1, 0.2, remedies=(CURE,), universal=NO_CURE),
        course(0.1, 0.2, remedies=(NO_CURE, CURE), universal=NO_CURE),
        course(0.1, 0.2, remedies=(), universal=CURE, num_offered=0),
        course(0.9, 0.9),
    ]

    text = page(courses)

    assert "of 4 runs 3 stay sick" in text
    assert "| first remedy cures | ≥ 60 % | 33%" in text
    assert "| one of the first three cures | ≥ 80 % | 67%" in text
    assert "| the same patch for all cures |  | 33%" in text
    assert "| first remedy less the patch for all | ≥ 15 points | 0 points" in text
    assert "| adding_lstm | penalty_dominates | none | nothing offered |" in text


def test_random_data_count_where_nothing_is_offered_and_not_among_cures() -> None:
    courses = [
        course(0.1, 0.2, causes=("no_signal",), num_offered=0, universal=NO_CURE),
        course(0.1, 0.2, causes=("no_signal",), remedies=(NO_CURE,), universal=NO_CURE),
        course(0.1, 0.2, remedies=(CURE,), universal=NO_CURE),
    ]

    text = page(courses)

    assert "| nothing is offered for `no_signal` | ≥ 80 % | 50%" in text
    assert "| first remedy cures | ≥ 60 % | 100%" in text
    assert "| first remedy cures, `no_signal` too |  | 33%" in text


def test_a_cure_that_trains_longer_counts_apart_where_more_steps_alone_cure() -> None:
    longer = Attempt(
        kind="train_longer", progress=(0.9, 0.9), steps=3, cost=3, longer_control=(0.9, 0.9)
    )

    text = page([course(0.1, 0.2, remedies=(longer,), universal=NO_CURE)])

    assert "| first remedy cures | ≥ 60 % | 100%" in text
    assert "| first remedy cures, and more steps alone do not |  | 0%" in text
    assert "| train_longer | 1 | 1 | 3.0 | 3.0 |" in text


def test_a_page_without_runs_says_so() -> None:
    assert "| first remedy less the patch for all | ≥ 15 points | no cases |" in page([])


def test_the_page_is_as_the_results_have_it() -> None:
    assert PAGE.read_text() == page(read_courses()), "python -m bench.diagnosis.report_cures"
