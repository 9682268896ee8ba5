"""Limits how many callers of one process may do something at the same time."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from app.domain.errors import Overloaded


class ConcurrencyLimit:
    """Admits at most `most` callers, and at most `most_each` of one workspace.

    Raises Overloaded for others.
    """

    def __init__(self, *, most: int, most_each: int, of_what: str) -> None:
        self._most = most
        self._most_each = most_each
        self._of_what = of_what
        self._lock = threading.Lock()
        self._present: Counter[UUID] = Counter()

    @contextmanager
    def place(self, workspace_id: UUID) -> Iterator[None]:
        """Holds a place during the block."""
        self._enter(workspace_id)
        try:
            yield
        finally:
            with self._lock:
                self._present[workspace_id] -= 1
                self._present += Counter()  # drops workspaces without a caller

    def _enter(self, workspace_id: UUID) -> None:
        with self._lock:
            if self._present[workspace_id] >= self._most_each:
                self._refuse(self._most_each, " of one workspace")
            if self._present.total() >= self._most:
                self._refuse(self._most, "")
            self._present[workspace_id] += 1

    def _refuse(self, most: int, of_whom: str) -> None:
        detail = f"At most {most} {self._of_what}{of_whom} at the same time. Try again shortly."
        raise Overloaded(detail)
