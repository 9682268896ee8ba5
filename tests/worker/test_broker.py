"""Messages: only the name of the task matters, and a thread that is done wakes the loop."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from worker.broker import MalformedMessages, as_notification, wake_when_done
from worker.tasks import EXECUTE


def message_of(**headers: object) -> dict[str, object]:
    return {"body": "W10=", "headers": {"task": EXECUTE, "id": "1", **headers}, "properties": {}}


@pytest.mark.parametrize(
    "message",
    [
        None,
        1,
        "text",
        [],
        {},
        {"headers": None},
        {"headers": []},
        {"headers": {}},
        message_of(task="os.system"),
        message_of(task=[]),
        message_of(task=None),
    ],
)
def test_what_does_not_name_the_task_is_no_notification(message: object) -> None:
    with pytest.raises(ValueError, match="name the task"):
        as_notification(message)


@pytest.mark.parametrize(
    "message",
    [
        message_of(),
        message_of(id=[1]),
        message_of(eta="2999-01-01T00:00:00"),
        message_of(expires="never", timelimit=5, retries="many"),
        {**message_of(), "body": None, "content-type": 7, "properties": None},
    ],
)
def test_a_notification_contains_nothing_of_the_message_but_the_name(
    message: dict[str, object],
) -> None:
    first, second = as_notification(message), as_notification(message)

    assert isinstance(first["headers"], dict)
    assert set(first["headers"]) == {"lang", "task", "id", "root_id"}
    assert first["headers"]["task"] == EXECUTE
    # they are told apart by their ids, as each of them is acknowledged by its tag
    assert first != second


def test_malformed_messages_are_counted_and_few_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    malformed = MalformedMessages()

    for _ in range(150):
        malformed.note(ValueError("no JSON"))

    assert malformed.number == 150
    logged = [record.getMessage().partition(". ")[0] for record in caplog.records]
    assert logged == [f"Malformed messages ignored so far: {number}" for number in (1, 10, 100)]


def test_messages_are_recorded_once() -> None:
    malformed = MalformedMessages()
    malformed.note(ValueError("no JSON"))
    number = malformed.num_unrecorded

    # one more comes while the transaction is open
    malformed.note(ValueError("no JSON"))
    malformed.note_recorded(number)

    assert (number, malformed.num_unrecorded, malformed.number) == (1, 1, 2)


class Pool:
    """A pool whose tasks are done when the test says so."""

    def __init__(self) -> None:
        self.on_apply: Callable[..., Any] = lambda *_, **__: Applied()


class Applied:
    def __init__(self) -> None:
        self.f: Future[object] = Future()


def test_the_loop_is_woken_when_a_task_is_done() -> None:
    pool, woken = Pool(), list[int]()
    wake_when_done(pool, lambda: woken.append(1))

    applied = pool.on_apply("task", callback=None)
    before = len(woken)
    applied.f.set_result(None)

    assert (before, len(woken)) == (0, 1)
