"""Loops that work in turns, a few steps each, so that a noisy machine is as noisy for all."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

Clock = Callable[[], float]


class Ring:
    """Whose turn it is."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._order = deque(names)
        self._changed = Condition()

    def wait_for_turn(self, name: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._order[0] == name)

    def pass_on(self) -> None:
        with self._changed:
            self._order.rotate(-1)
            self._changed.notify_all()

    def leave(self, name: str) -> None:
        with self._changed:
            self._order.remove(name)
            self._changed.notify_all()


def _settled() -> None:
    """Of work that is done when the call returns."""


class Turns:
    """What one loop asks between its steps, and the clock that stands while others work."""

    def __init__(
        self,
        name: str,
        ring: Ring,
        clock: Clock,
        *,
        steps_a_turn: int,
        settle: Callable[[], None] = _settled,
    ) -> None:
        self._name, self._ring, self._clock, self._settle = name, ring, clock, settle
        self._steps_a_turn, self._num_steps = steps_a_turn, 0
        self._before_s = self._began_at_s = 0.0
        #: Of its whole turns; what precedes the first step is none.
        self.seconds: list[float] = []

    def worked_s(self) -> float:
        return self._before_s + self._clock() - self._began_at_s

    def before_step(self) -> None:
        """Let the others work where this loop had its turn."""
        if self._num_steps % self._steps_a_turn == 0:
            self._settle()
            turn_s = self._clock() - self._began_at_s
            if self._num_steps > 0:
                self.seconds.append(turn_s)
            self._before_s += turn_s
            self._ring.pass_on()
            self.wait()
        self._num_steps += 1

    def wait(self) -> None:
        self._ring.wait_for_turn(self._name)
        self._began_at_s = self._clock()


def take_turns(
    loops: Mapping[str, Callable[[Turns], None]],
    clock: Clock,
    *,
    steps_a_turn: int,
    settle: Callable[[], None] = _settled,
) -> dict[str, list[float]]:
    """Seconds of each turn by loop; raises what a loop raises, once the others have ended.

    `settle` waits for what a turn has left to do, on a GPU the queue of kernels.
    """
    ring = Ring(loops)

    def work(name: str) -> list[float]:
        turns = Turns(name, ring, clock, steps_a_turn=steps_a_turn, settle=settle)
        try:
            turns.wait()
            loops[name](turns)
        finally:
            ring.leave(name)
        return turns.seconds

    with ThreadPoolExecutor(max_workers=len(loops)) as pool:
        working = {name: pool.submit(work, name) for name in loops}
        return {name: one.result() for name, one in working.items()}
