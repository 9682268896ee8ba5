"""Jobs that run in the thread of the caller, or in other threads at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Submit(Protocol):
    """Takes a job. The function returned waits for it and returns, or raises, what it did."""

    def __call__(self, job: Callable[[], T], /) -> Callable[[], T]: ...


def in_caller(job: Callable[[], T], /) -> Callable[[], T]:
    """The job runs in the thread of the caller, when its result is asked for."""
    return job


@contextmanager
def in_threads(num_cores: int) -> Iterator[Submit]:
    """Each job runs in a thread of its own. Jobs may submit jobs, one level deep.

    A thread has as many intra-op threads as its process, so that the results are the same bits.
    With one core the jobs run in the caller.
    """
    if num_cores == 1:
        yield in_caller
        return
    # a job that waits for its own jobs uses no core
    with ThreadPoolExecutor(num_cores + 1, thread_name_prefix="job") as pool:
        yield lambda job: pool.submit(job).result
