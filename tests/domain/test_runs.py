"""The statuses of a run and the only ways between them."""

import pytest

from app.domain.errors import IllegalTransition
from app.domain.runs import STATUS_OF, RunStatus, StopReason, check_transition
from tests.domain.builders import run

#: A claim, a rescue, the ends, a cancelled wait and a resumption; nothing else.
MOVES = {
    ("queued", "running"),
    ("running", "queued"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("queued", "cancelled"),
    ("succeeded", "queued"),
    ("failed", "queued"),
    ("cancelled", "queued"),
}


@pytest.mark.parametrize("present", RunStatus)
@pytest.mark.parametrize("wanted", RunStatus)
def test_a_run_moves_only_along_the_drawn_ways(present: RunStatus, wanted: RunStatus) -> None:
    if (present, wanted) in MOVES:
        check_transition(present, wanted)
    else:
        with pytest.raises(IllegalTransition, match=f"a {present} run cannot become {wanted}"):
            check_transition(present, wanted)


def test_a_run_has_ended_when_no_worker_will_touch_it_again() -> None:
    ended = {status for status in RunStatus if status.has_ended}

    assert ended == {"succeeded", "failed", "cancelled"}


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("completed", "succeeded"),
        ("converged", "succeeded"),
        ("diverged", "succeeded"),
        ("timed_out", "succeeded"),
        ("critical_finding", "succeeded"),
        ("cancelled", "cancelled"),
        ("lost", "failed"),
        ("crashed", "failed"),
        ("out_of_memory", "failed"),
        ("invalid_data", "failed"),
    ],
)
def test_a_stop_reason_decides_how_a_run_ends(reason: str, status: str) -> None:
    assert STATUS_OF[StopReason(reason)] == status


def test_every_stop_reason_ends_a_run() -> None:
    assert set(STATUS_OF) == set(StopReason)


def test_a_new_run_is_no_preflight_was_never_continued_and_waits_for_nothing() -> None:
    made = run()

    assert made.preflight_steps is None
    assert made.is_continued_bitwise is None
    assert made.waits_for_database is False
    assert made.telemetry_dropped_at is None


@pytest.mark.parametrize(
    ("stop_reason", "completed"),
    [
        (None, None),
        (StopReason.COMPLETED, True),
        (StopReason.CONVERGED, True),
        (StopReason.DIVERGED, False),
        (StopReason.TIMED_OUT, False),
        (StopReason.CRITICAL_FINDING, False),
        (StopReason.LOST, False),
        (StopReason.CANCELLED, False),
    ],
)
def test_a_diverged_run_has_succeeded_but_not_as_asked(
    stop_reason: StopReason | None, *, completed: bool | None
) -> None:
    assert run(stop_reason=stop_reason).completed_as_asked is completed
