"""Which connection gives way to a new one, and which never does."""

import pytest

from app.server.connections import Awaited, Connections, Reason


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class FakeConnection:
    """Remembers why it was ended."""

    def __init__(self, connections: Connections, *, is_fast: bool = False) -> None:
        self._connections = connections
        self._is_fast = is_fast
        self.reason: Reason | None = None

    def end(self, reason: Reason) -> None:
        self.reason = reason
        self._connections.remove(self)

    def makes_progress(self) -> bool:
        return self._is_fast


def filled(*kinds: Awaited, fast: bool = False) -> tuple[Connections, list[FakeConnection]]:
    """As many connections as there are places, each in its awaited 0.1 s after the one before."""
    clock = Clock()
    connections = Connections(most=len(kinds), clock=clock)
    made = []
    for awaited in kinds:
        clock.now_s += 0.1
        connection = FakeConnection(connections, is_fast=fast and awaited is Awaited.BODY)
        assert connections.admit(connection)
        connections.move(connection, awaited)
        made.append(connection)
    return connections, made


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([Awaited.ANSWER, Awaited.BODY, Awaited.IDLE, Awaited.HEAD], 1),
        ([Awaited.ANSWER, Awaited.IDLE, Awaited.BODY, Awaited.HEAD], 1),
        ([Awaited.ANSWER, Awaited.HEAD, Awaited.IDLE, Awaited.BODY], 1),
        ([Awaited.IDLE, *[Awaited.ANSWER] * 9, Awaited.HEAD], 0),
        ([Awaited.IDLE, Awaited.HEAD, *[Awaited.ANSWER] * 12], 1),
    ],
    ids=["half a body", "an idle one", "half a head", "before a young head", "after an old head"],
)
def test_the_client_that_has_kept_the_service_waiting_the_longest_gives_way(
    kinds: list[Awaited], expected: int
) -> None:
    connections, made = filled(*kinds)
    new = FakeConnection(connections)

    admitted = connections.admit(new)

    assert admitted
    ended = [index for index, connection in enumerate(made) if connection.reason is not None]
    assert ended == [expected]
    assert made[expected].reason is Reason.CROWDED_OUT
    assert len(connections) == len(kinds)


def test_a_request_that_is_being_answered_never_gives_way() -> None:
    connections, made = filled(Awaited.ANSWER, Awaited.ANSWER)

    admitted = connections.admit(FakeConnection(connections))

    assert not admitted
    assert [connection.reason for connection in made] == [None, None]


def test_a_client_whose_body_makes_progress_never_gives_way() -> None:
    connections, made = filled(Awaited.BODY, Awaited.IDLE, fast=True)

    admitted = [connections.admit(FakeConnection(connections)) for _ in range(2)]

    assert admitted == [True, True]
    assert made[0].reason is None
    assert len(connections) == 2


def test_a_connection_that_is_gone_frees_its_place_once() -> None:
    connections, (one,) = filled(Awaited.ANSWER)

    connections.remove(one)
    connections.remove(one)

    assert len(connections) == 0
    assert connections.admit(FakeConnection(connections))


def test_a_connection_without_a_place_is_not_followed() -> None:
    connections, _ = filled(Awaited.ANSWER)
    refused = FakeConnection(connections)

    connections.admit(refused)
    connections.move(refused, Awaited.HEAD)

    assert len(connections) == 1
