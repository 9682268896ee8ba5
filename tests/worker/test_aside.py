"""Jobs are done in turn or side by side; what comes of them is the same."""

import threading

import pytest

from worker.aside import by_threads, in_turn

WAIT_S = 10.0


def test_in_turn_is_when_the_result_is_asked_for() -> None:
    done: list[str] = []

    ask = in_turn(lambda: done.append("job"))
    done.append("caller")
    ask()

    assert done == ["caller", "job"]


def test_threads_work_side_by_side_and_beside_the_caller() -> None:
    meeting = threading.Barrier(3, timeout=WAIT_S)

    with by_threads(2) as aside:
        asks = [aside(meeting.wait) for _ in range(2)]
        places = {meeting.wait(), *(ask() for ask in asks)}

    assert places == {0, 1, 2}


def test_a_job_may_give_jobs_away() -> None:
    meeting = threading.Barrier(2, timeout=WAIT_S)

    with by_threads(2) as aside:

        def job() -> list[int]:
            asks = [aside(meeting.wait) for _ in range(2)]
            return sorted(ask() for ask in asks)

        assert aside(job)() == [0, 1]


def test_a_failure_comes_to_who_asks() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with by_threads(2) as aside:
        ask = aside(fail)

        with pytest.raises(ZeroDivisionError):
            ask()


def test_one_core_does_everything_in_turn() -> None:
    with by_threads(1) as aside:
        assert aside(threading.get_ident)() == threading.get_ident()
