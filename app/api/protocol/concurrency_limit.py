"""What only so many callers may do at a time in one process; the others are told to come back."""

from threading import BoundedSemaphore
from types import TracebackType

from app.domain.errors import Overloaded


class Turns:
    """A context that Overloaded keeps from being entered too often at a time."""

    def __init__(self, *, most: int, of_what: str) -> None:
        self._free = BoundedSemaphore(most)
        self._refusal = f"No more than {most} {of_what} at a time; try again shortly."

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
