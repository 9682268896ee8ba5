"""The checker sees what it is there to see."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.faults.checker import Key, Remains, compare, compare_beginning

Event = tuple[int, str, Mapping[str, object]]


def step(number: int) -> Key:
    return ("step", number, "", "")


def event(number: int, kind: str, data: Mapping[str, object]) -> Event:
    return (number, kind, data)


def claimed(number: int, attempt: int) -> Event:
    return (number, "status", {"status": "running", "attempt": attempt})


def progress(number: int, *, attempt: int) -> Event:
    return event(number, "progress", {"attempt": attempt})


UNDISTURBED = Remains(
    status="succeeded",
    stop_reason="completed",
    error=None,
    attempt=2,
    next_seq=2,
    duration_s=1.0,
    readings=[(step(0), "a"), (step(1), "b"), (step(2), "c")],
    batches=[(0, 1), (1, 2)],
    events=[
        claimed(1, 1),
        progress(2, attempt=1),
        claimed(3, 2),
        event(4, "end", {}),
    ],
    weights="w",
    weights_step=3,
)


def test_the_same_run_is_equal():
    assert compare(UNDISTURBED, UNDISTURBED).is_equal


def test_to_be_asked_to_stop_is_no_claim():
    asked = {"status": "running", "attempt": 2, "reason": "cancel_requested"}
    events = [*UNDISTURBED.events[:3], event(4, "status", asked), event(5, "end", {})]

    run = replace(UNDISTURBED, events=events)

    assert run.claims == [1, 2]
    assert compare(run, UNDISTURBED).is_equal


def test_a_reading_that_is_missing_there_twice_or_different_is_counted():
    readings = [(step(0), "a"), (step(0), "a"), (step(1), "x")]

    found = compare(replace(UNDISTURBED, readings=readings), UNDISTURBED)

    assert (found.num_missing, found.num_duplicate, found.num_wrong) == (1, 1, 1)
    assert not found.is_equal


def test_a_write_after_the_claim_of_a_later_attempt_is_stale():
    events = [
        claimed(1, 1),
        claimed(2, 2),
        progress(3, attempt=1),
        event(4, "end", {}),
    ]

    found = compare(replace(UNDISTURBED, events=events), UNDISTURBED)

    assert found.num_stale == 1
    assert not found.is_equal


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "running", "stop_reason": None},
        {"weights": "v"},
        {"weights_step": 2},
        {"events": UNDISTURBED.events[1:]},
        {"events": [claimed(1, 2), claimed(2, 1), event(3, "end", {})]},
        {"events": [*UNDISTURBED.events, event(5, "end", {})]},
        {"batches": [(0, 1)]},
        {"batches": [(0, 2), (1, 1)]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_other_harm_is_seen(changes):
    assert not compare(replace(UNDISTURBED, **changes), UNDISTURBED).is_equal


def test_a_run_that_ended_early_is_compared_with_the_other_ones_beginning():
    early = replace(
        UNDISTURBED, status="cancelled", stop_reason="cancelled", readings=[(step(0), "a")]
    )

    assert compare_beginning(early, UNDISTURBED).is_equal
    assert not compare_beginning(replace(early, readings=[(step(0), "x")]), UNDISTURBED).is_equal
