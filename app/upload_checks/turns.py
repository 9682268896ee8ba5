"""Turns that are shared fairly between workspaces."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from app.domain.errors import Overloaded


@dataclass(frozen=True, eq=False)
class _Caller:
    workspace_id: UUID
    has_turn: threading.Event = field(default_factory=threading.Event)


class FairTurns:
    """Lets at most `most` callers work at the same time, and at most `most_each` of one workspace.

    A free turn goes to the waiting workspace whose last turn began first, and in one workspace to
    the caller that has waited longest.
    """

    def __init__(self, *, most: int, most_each: int, wait_s: float) -> None:
        self._most = most
        self._most_each = most_each
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._waiting: list[_Caller] = []
        self._working: Counter[UUID] = Counter()
        self._numbers = count(1)
        #: The number of the last turn of each workspace that works or waits.
        self._last_turn: dict[UUID, int] = {}

    @contextmanager
    def turn(self, workspace_id: UUID) -> Iterator[None]:
        """Waits for a turn, which the block then has. Raises Overloaded after `wait_s` seconds."""
        caller = _Caller(workspace_id)
        with self._lock:
            self._waiting.append(caller)
            self._give_turns()
        try:
            if not caller.has_turn.wait(self._wait_s):
                detail = f"No upload could be checked within {self._wait_s:g} s; try again shortly."
                raise Overloaded(detail)
            yield
        finally:
            with self._lock:
                self._remove(caller)
                self._give_turns()

    def _give_turns(self) -> None:
        while self._working.total() < self._most:
            allowed = [
                caller
                for caller in self._waiting
                if self._working[caller.workspace_id] < self._most_each
            ]
            if not allowed:
                return
            caller = min(allowed, key=lambda caller: self._last_turn.get(caller.workspace_id, 0))
            self._waiting.remove(caller)
            self._working[caller.workspace_id] += 1
            self._last_turn[caller.workspace_id] = next(self._numbers)
            caller.has_turn.set()

    def _remove(self, caller: _Caller) -> None:
        if caller.has_turn.is_set():
            self._working[caller.workspace_id] -= 1
        else:
            self._waiting.remove(caller)
        present = {waiting.workspace_id for waiting in self._waiting}
        if not self._working[caller.workspace_id] and caller.workspace_id not in present:
            del self._working[caller.workspace_id]
            self._last_turn.pop(caller.workspace_id, None)
