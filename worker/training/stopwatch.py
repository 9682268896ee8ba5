"""Seconds of training, over all attempts of a run."""

from collections.abc import Callable


class Stopwatch:
    """Runs from its start, by a clock that the caller chooses."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started_at_s = clock()
        #: Of attempts before this one.
        self.earlier_s = 0.0

    def start(self) -> None:
        self._started_at_s = self._clock()

    def elapsed_s(self) -> float:
        return self.earlier_s + self._clock() - self._started_at_s
