"""The statuses of a run and the only ways between them."""

import pytest

from app.domain.errors import IllegalTransition
from app.domain.runs import STATUS_OF, TRANSITIONS, RunStatus, StopReason, check_transition
from tests.domain.builders import run


@pytest.mark.parametrize("present", RunStatus)
@pytest.mark.parametrize("wanted", RunStatus)
def test_a_run_moves_only_as_the_table_says(present: RunStatus, wanted: RunStatus) -> None:
    if wanted in TRANSITIONS[present]:
        check_transition(present, wanted)
    else:
        with pytest.raises(IllegalTransition, match=f"a {present} run cannot become {wanted}"):
            check_transition(present, wanted)


def test_a_run_that_has_ended_can_only_be_resumed() -> None:
    ended = [status for status in RunStatus if status.has_ended]

    assert all(TRANSITIONS[status] == {RunStatus.QUEUED} for status in ended)


def test_every_stop_reason_ends_a_run() -> None:
    assert set(STATUS_OF) == set(StopReason)
    assert all(status.has_ended for status in STATUS_OF.values())


@pytest.mark.parametrize(
    ("stop_reason", "completed"),
    [
        (None, None),
        (StopReason.COMPLETED, True),
        (StopReason.CONVERGED, True),
        (StopReason.DIVERGED, False),
        (StopReason.TIMED_OUT, False),
        (StopReason.LOST, False),
    ],
)
def test_a_diverged_run_has_succeeded_but_not_as_asked(
    stop_reason: StopReason | None, *, completed: bool | None
) -> None:
    assert run(stop_reason=stop_reason).completed_as_asked is completed
