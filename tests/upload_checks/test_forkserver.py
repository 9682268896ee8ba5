"""Files are checked in processes, whose memory, time and death concern one check alone."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from app.domain.errors import InvalidData, TooLarge, Unavailable
from app.domain.profiles import CsvProfile, TextProfile
from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload
from app.upload_checks.forkserver import ForkServer
from tests.processes import command_line, descendants, wait_until_dead

SMALL = b"day,kind,x\n2024-01-01,a,0.1\n2024-01-02,b,-3e5\n,,\n"
#: Takes many seconds: a quote inside of a cell is looked at by Python's csv module.
LONG = b"a,b\n" + b'x",\n' * 16_000_000
CSV = CheckRequest(kind="csv")
TEXT = CheckRequest(kind="text")


@contextmanager
def file_of(content: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file


@pytest.fixture
def server() -> Iterator[ForkServer]:
    made = ForkServer()
    yield made
    made.close()


def check(server: ForkServer, content: bytes) -> CsvProfile:
    with file_of(content) as file, file_of(b"") as stored:
        profile = server.check(CSV, file, stored).profile
    assert isinstance(profile, CsvProfile)
    return profile


def checking_processes(parent: int) -> set[int]:
    """Servers and the children that check, below this process."""
    return {pid for pid in descendants(parent) if "upload_checks" in command_line(pid)}


def wait_for_child(parent: int, *, before: AbstractSet[int] = frozenset()) -> list[int]:
    """Returns a server that was not there before, and then the child that it has forked."""
    deadline = time.monotonic() + 60
    while len(found := checking_processes(parent) - before) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return sorted(found)


def test_a_check_gives_the_profile_that_the_reader_gives(server: ForkServer) -> None:
    with file_of(SMALL) as file, file_of(b"") as stored:
        checked = server.check(CSV, file, stored)
        stored.seek(0)
        content = stored.read()

    assert (checked, content) == check_upload(CSV, SMALL)


def test_a_check_reads_the_whole_file_wherever_it_was_left(server: ForkServer) -> None:
    with file_of(b"three\nlines\n.") as file, file_of(b"") as stored:
        file.seek(5)
        profile = server.check(TEXT, file, stored).profile

    assert isinstance(profile, TextProfile)
    assert (profile.characters, profile.lines) == (13, 3)


def test_errors_come_with_their_places(server: ForkServer) -> None:
    with pytest.raises(InvalidData) as caught:
        check(server, b"a,b\n1,2\n3\n")

    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == ("row/3", "wrong_cell_count")
    assert caught.value.detail == problem.detail


def test_a_check_that_needs_too_much_memory_is_refused() -> None:
    server = ForkServer(max_bytes=3 * 2**29)
    labels = b"a\n" + b"".join(b"x%d\n" % number for number in range(7_000_000))

    with pytest.raises(TooLarge, match=r"more than 1.5 GiB"):
        check(server, labels)
    assert check(server, SMALL).rows == 3
    server.close()


def test_a_check_that_takes_too_long_is_refused() -> None:
    server = ForkServer(max_cpu_s=1)

    with pytest.raises(TooLarge, match="more than 1 s"):
        check(server, LONG)
    server.close()


def test_after_the_death_of_the_server_the_next_check_starts_another(server: ForkServer) -> None:
    before = checking_processes(os.getpid())

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(check, server, LONG)
        first, *children = wait_for_child(os.getpid(), before=before)
        os.kill(first, signal.SIGKILL)

        with pytest.raises(Unavailable):
            call.result(timeout=30)
        wait_until_dead(*children, within_s=10)
        assert check(server, SMALL).rows == 3


def test_closing_ends_the_checks_that_run(server: ForkServer) -> None:
    before = checking_processes(os.getpid())

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(check, server, LONG)
        processes = wait_for_child(os.getpid(), before=before)
        server.close()

        with pytest.raises(Unavailable):
            call.result(timeout=30)
        with pytest.raises(Unavailable):
            check(server, SMALL)
    wait_until_dead(*processes, within_s=10)


_API = """
import sys
import tempfile
from app.domain.uploads import CheckRequest
from app.upload_checks.forkserver import ForkServer

ForkServer().check(CheckRequest(kind="csv"), open(sys.argv[1], "rb"), tempfile.TemporaryFile())
"""


def test_no_process_outlives_an_api_that_is_killed() -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(LONG)
        file.flush()
        api = subprocess.Popen([sys.executable, "-c", _API, file.name])
        processes = wait_for_child(api.pid)
        api.kill()
        api.wait()

    wait_until_dead(*processes, within_s=10)
