import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.workers import wait_until
from worker.execution.commands import CANCEL, PROGRESS, STOP
from worker.execution.control_channel import ControlChannel

#: The worker's socket and the child's channel.
Ends = tuple[socket.socket, ControlChannel]


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    worker, child = socket.socketpair()
    with worker, child:
        yield worker, child


@pytest.fixture
def ends(sockets: tuple[socket.socket, socket.socket]) -> Ends:
    worker, child = sockets
    worker.sendall(b"command\n")
    channel = ControlChannel(child)
    assert channel.read_command() == b"command\n"
    return worker, channel


def test_a_run_is_cancelled_once_the_worker_says_so(ends: Ends) -> None:
    worker, channel = ends
    assert not channel.is_cancelled()

    worker.send(CANCEL)

    wait_until(channel.is_cancelled, within_s=10)
    assert channel.is_cancelled()


def test_a_run_is_stopped_once_the_worker_says_so(ends: Ends) -> None:
    worker, channel = ends
    assert not channel.is_stopped()

    worker.send(STOP)

    wait_until(channel.is_stopped, within_s=10)
    assert not channel.is_cancelled()


def test_progress_is_reported_at_most_once_a_second(ends: Ends) -> None:
    worker, channel = ends

    for _ in range(100):
        channel.report_progress()

    assert worker.recv(4096) == PROGRESS


def test_a_worker_that_reads_no_messages_does_not_stop_training(
    ends: Ends, sockets: tuple[socket.socket, socket.socket]
) -> None:
    worker, channel = ends
    with suppress(BlockingIOError):
        while True:
            sockets[1].send(bytes(65_536))

    channel.report_progress()

    assert worker.recv(1) == b"\0"
