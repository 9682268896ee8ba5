"""How long other requests wait, measured by a process of its own.

A thread of the test's process would measure the test as well: both share one interpreter lock.
"""

import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

_PAUSE_S = 0.002


@dataclass
class Polled:
    """What the polling process saw; its fields are set when the block ends."""

    longest_s: float = 0.0
    num_requests: int = 0


@contextmanager
def polling(url: str, *, key: str = "") -> Iterator[Polled]:
    """Asks `url` again and again during the block, and counts the longest wait."""
    command = (sys.executable, "-m", "tests.api.polling", url, key)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "polling\n"
        found = Polled()
        yield found
        process.stdin.close()
        longest, count = process.stdout.read().split()
        found.longest_s, found.num_requests = float(longest), int(count)


def _poll(url: str, key: str) -> None:
    """Polls until its standard input is closed; prints the longest wait and the number of polls."""
    longest_s, count = 0.0, 0
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with selectors.DefaultSelector() as selector, httpx.Client(timeout=60) as client:
        selector.register(sys.stdin, selectors.EVENT_READ)
        client.get(url, headers=headers).raise_for_status()
        sys.stdout.write("polling\n")
        sys.stdout.flush()
        while not selector.select(_PAUSE_S):
            asked_at = time.perf_counter()
            client.get(url, headers=headers).raise_for_status()
            longest_s, count = max(longest_s, time.perf_counter() - asked_at), count + 1
    sys.stdout.write(f"{longest_s} {count}\n")


if __name__ == "__main__":
    _poll(*sys.argv[1:])
