"""Jobs run in the caller or in threads; their results are the same."""

import threading

import pytest

from worker.concurrency import in_caller, in_threads

WAIT_S = 10.0


def test_a_job_of_the_caller_runs_when_its_result_is_asked_for() -> None:
    done: list[str] = []

    ask = in_caller(lambda: done.append("job"))
    done.append("caller")
    ask()

    assert done == ["caller", "job"]


def test_threads_run_together_and_beside_the_caller() -> None:
    meeting = threading.Barrier(3, timeout=WAIT_S)

    with in_threads(2) as submit:
        asks = [submit(meeting.wait) for _ in range(2)]
        places = {meeting.wait(), *(ask() for ask in asks)}

    assert places == {0, 1, 2}


def test_a_job_may_submit_jobs() -> None:
    meeting = threading.Barrier(2, timeout=WAIT_S)

    with in_threads(2) as submit:

        def job() -> list[int]:
            asks = [submit(meeting.wait) for _ in range(2)]
            return sorted(ask() for ask in asks)

        assert submit(job)() == [0, 1]


def test_a_failure_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with in_threads(2) as submit:
        ask = submit(fail)

        with pytest.raises(ZeroDivisionError):
            ask()


def test_with_one_core_jobs_run_in_the_caller() -> None:
    with in_threads(1) as submit:
        assert submit(threading.get_ident)() == threading.get_ident()
