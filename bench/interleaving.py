"""Interleaves loops, a few steps each, so that other load slows all of them alike."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

Clock = Callable[[], float]


class SliceOrder:
    """Whose slice of time it is."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._order = deque(names)
        self._changed = Condition()

    def wait_for_slice(self, name: str) -> None:
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


class Slices:
    """What one loop asks between its steps, and the clock that stands while others work."""

    def __init__(
        self,
        name: str,
        order: SliceOrder,
        clock: Clock,
        *,
        steps_per_slice: int,
        settle: Callable[[], None] = _settled,
    ) -> None:
        self._name, self._slice_order, self._clock, self._settle = name, order, clock, settle
        self._steps_per_slice, self._num_steps = steps_per_slice, 0
        self._before_s = self._began_at_s = 0.0
        #: Of its whole slices; what precedes the first step is none.
        self.seconds: list[float] = []

    def worked_s(self) -> float:
        return self._before_s + self._clock() - self._began_at_s

    def before_step(self) -> None:
        """Let the others work where this loop had its turn."""
        if self._num_steps % self._steps_per_slice == 0:
            self._settle()
            slice_s = self._clock() - self._began_at_s
            if self._num_steps > 0:
                self.seconds.append(slice_s)
            self._before_s += slice_s
            self._slice_order.pass_on()
            self.wait()
        self._num_steps += 1

    def wait(self) -> None:
        self._slice_order.wait_for_slice(self._name)
        self._began_at_s = self._clock()


def interleave(
    loops: Mapping[str, Callable[[Slices], None]],
    clock: Clock,
    *,
    steps_per_slice: int,
    settle: Callable[[], None] = _settled,
) -> dict[str, list[float]]:
    """Seconds of each turn by loop; raises what a loop raises, once the others have ended.

    `settle` waits for what a turn has left to do, on a GPU the queue of kernels.
    """
    order = SliceOrder(loops)

    def work(name: str) -> list[float]:
        slices = Slices(name, order, clock, steps_per_slice=steps_per_slice, settle=settle)
        try:
            slices.wait()
            loops[name](slices)
        finally:
            order.leave(name)
        return slices.seconds

    with ThreadPoolExecutor(max_workers=len(loops)) as pool:
        working = {name: pool.submit(work, name) for name in loops}
        return {name: one.result() for name, one in working.items()}
