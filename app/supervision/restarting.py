"""Runs one program and starts it again when it ends: at once at first, then with growing pauses."""

from collections.abc import Callable
from dataclasses import dataclass

from app.processes import ChildProgram, Command, start

#: After so many seconds an end counts as the first one again.
LONG_RUN_S = 30.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


def pause_before_start_s(num_quick_ends: int) -> float:
    """Seconds to wait: 0 after the first quick end in a row, then 0.5, 1, 2 and so on up to 30."""
    if num_quick_ends <= 1:
        return 0.0
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(num_quick_ends - 2, 16))


@dataclass(kw_only=True)
class RestartedProgram:
    """A program, the process that runs it now, and how often it has ended quickly."""

    command: Command
    #: Called with one line when the program ends.
    say: Callable[[str], None]
    child: ChildProgram | None = None
    started_at_s: float = 0.0
    start_at_s: float = 0.0
    num_quick_ends: int = 0

    def start_if_due(self, now_s: float) -> None:
        """Start the program where it does not run and its pause is over; `now_s` is monotonic."""
        if self.child is not None and self.child.is_alive:
            return
        if self.child is not None:
            self._plan_restart(self.child, now_s)
        if now_s >= self.start_at_s:
            self.child = start(self.command)
            self.started_at_s = now_s

    def _plan_restart(self, child: ChildProgram, now_s: float) -> None:
        ran_long = now_s - self.started_at_s >= LONG_RUN_S
        self.num_quick_ends = 1 if ran_long else self.num_quick_ends + 1
        pause_s = pause_before_start_s(self.num_quick_ends)
        self.child, self.start_at_s = None, now_s + pause_s
        self.say(
            f"{self.command.name} ended (exit status {child.process.returncode}), "
            f"starting it again in {pause_s:g} s; its log is {self.command.log}"
        )
