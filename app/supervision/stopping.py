"""SIGTERM and SIGINT as one exception, so that whatever was started is stopped on the way out."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopAsked(BaseException):
    """The process was asked to end; no ordinary `except` may swallow it."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise StopAsked at the first signal, end quietly outside, and ignore the ones that follow."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and background jobs have it
            signal.signal(number, _ask)
    try:
        yield
    except StopAsked:
        return


def _ask(_number: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise StopAsked
