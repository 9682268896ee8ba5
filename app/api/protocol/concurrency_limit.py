"""Limits how many callers of one process may do something at the same time."""

from threading import BoundedSemaphore
from types import TracebackType

from app.domain.errors import Overloaded


class ConcurrencyLimit:
    """Admits at most `most` callers; raises Overloaded otherwise."""

    def __init__(self, *, most: int, of_what: str) -> None:
        self._free = BoundedSemaphore(most)
        self._refusal = f"At most {most} {of_what} at the same time. Try again shortly."

    def __enter__(self) -> None:
        if not self._free.acquire(blocking=False):
            raise Overloaded(self._refusal)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._free.release()
