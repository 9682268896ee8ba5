"""Keeps one program running: at once after a first death, with growing pauses after quick ones."""

from collections.abc import Callable
from dataclasses import dataclass

from app.processes import ChildProgram, Command, start

#: A program that ran so long was well; its death counts as a first one.
WELL_AFTER_S = 30.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


def pause_before_start_s(num_quick_deaths: int) -> float:
    """None after the first death, then 0.5, 1, 2 … 30 seconds."""
    if num_quick_deaths <= 1:
        return 0.0
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(num_quick_deaths - 2, 16))


@dataclass(kw_only=True)
class Keeper:
    """One program, the process that runs it now, and how it has fared."""

    command: Command
    #: Told one line when the program dies.
    say: Callable[[str], None]
    child: ChildProgram | None = None
    started_at_s: float = 0.0
    start_at_s: float = 0.0
    num_quick_deaths: int = 0

    def tend(self, now_s: float) -> None:
        """Start the program if it does not run and its pause is over; `now_s` is monotonic."""
        if self.child is not None and self.child.is_alive:
            return
        if self.child is not None:
            self._note_death(self.child, now_s)
        if now_s >= self.start_at_s:
            self.child = start(self.command)
            self.started_at_s = now_s

    def _note_death(self, child: ChildProgram, now_s: float) -> None:
        was_well = now_s - self.started_at_s >= WELL_AFTER_S
        self.num_quick_deaths = 1 if was_well else self.num_quick_deaths + 1
        pause_s = pause_before_start_s(self.num_quick_deaths)
        self.child, self.start_at_s = None, now_s + pause_s
        self.say(
            f"{self.command.name} ended (exit status {child.process.returncode}), "
            f"starting it again in {pause_s:g} s; its log is {self.command.log}"
        )
