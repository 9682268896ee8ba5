import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from worker.execution.child_line import ChildLine
from worker.execution.orders import CANCEL, TICK

Ends = tuple[socket.socket, ChildLine]


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def ends(sockets: tuple[socket.socket, socket.socket]) -> Ends:
    near, far = sockets
    near.sendall(b"order\n")
    line = ChildLine(far)
    assert line.read_order() == b"order\n"
    return near, line


def test_a_run_is_cancelled_once_the_worker_says_so(ends: Ends) -> None:
    near, line = ends
    assert not line.is_cancelled()

    near.send(CANCEL)

    while not line.is_cancelled():
        pass
    assert line.is_cancelled()


def test_signs_of_progress_are_few(ends: Ends) -> None:
    near, line = ends

    for _ in range(100):
        line.tick()

    assert near.recv(4096) == TICK


def test_a_worker_that_reads_no_ticks_stops_no_training(
    ends: Ends, sockets: tuple[socket.socket, socket.socket]
) -> None:
    near, line = ends
    with suppress(BlockingIOError):
        while True:
            sockets[1].send(bytes(65_536))

    line.tick()

    assert near.recv(1) == b"\0"
