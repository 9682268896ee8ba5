"""Turns SIGTERM, SIGINT and SIGHUP into one exception, so that `finally` blocks stop everything."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATION_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class TerminationRequested(BaseException):
    """The process was asked to end; it is no Exception, so that no `except Exception` hides it."""


@contextmanager
def until_terminated() -> Iterator[None]:
    """Raise TerminationRequested inside the block at the first signal; later signals are ignored.

    The exception ends the block and goes no further. A signal that is ignored already, as under
    nohup, stays ignored.
    """
    for number in TERMINATION_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _request_termination)
    try:
        yield
    except TerminationRequested:
        return


def _request_termination(_number: int, _frame: FrameType | None) -> None:
    for number in TERMINATION_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise TerminationRequested
