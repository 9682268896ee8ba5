"""Stops whole trees of processes and lets them go on."""

import os
import signal
from collections.abc import Collection
from contextlib import suppress

from tests.processes import descendants


def pause(pid: int) -> set[int]:
    """The process and all below it, which can be given to `resume`; it may be the caller's own."""
    me = os.getpid()
    # who starts others is stopped before them, so that none is missed
    _send(signal.SIGSTOP, {pid} - {me})
    tree = {pid, *descendants(pid)}
    _send(signal.SIGSTOP, tree - {me})
    _send(signal.SIGSTOP, tree & {me})
    return tree


def resume(pids: Collection[int]) -> None:
    _send(signal.SIGCONT, pids)


def _send(number: signal.Signals, pids: Collection[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
