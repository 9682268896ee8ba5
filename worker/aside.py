"""Work that is done in turn, or aside: by threads of their own while the caller goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Aside(Protocol):
    """Takes a job over; what it gives back waits for the job and returns its result."""

    def __call__(self, job: Callable[[], T], /) -> Callable[[], T]: ...


def in_turn(job: Callable[[], T], /) -> Callable[[], T]:
    """Done by the caller, when it asks for the result."""
    return job


@contextmanager
def by_threads(num_cores: int) -> Iterator[Aside]:
    """Each job in one thread. A job may give jobs away in its turn, but those none.

    A thread has as many intra-op threads as its process: what comes out is the same, bit for bit.
    """
    if num_cores == 1:
        yield in_turn
        return
    # one that waits for its own jobs takes no core
    with ThreadPoolExecutor(num_cores + 1, thread_name_prefix="aside") as pool:
        yield lambda job: pool.submit(job).result
