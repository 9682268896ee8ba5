"""What a comparator is: the rules of another tool, as a pure function of stored telemetry."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.domain.diagnosis.case import Case


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One rule that fired on the telemetry up to the case's last step."""

    #: The tool's own word for it.
    rule: str
    #: The cause, of `bench.diagnosis.leaves`, that its advice acts on; None where it names none.
    leaf: str | None = None


@dataclass(frozen=True, kw_only=True)
class Comparator:
    """A tool whose verdict is compared with this service's."""

    name: str
    #: Where its criteria are written.
    source: str
    #: What had to be decided to apply them to recurrent networks and to this telemetry.
    choices: tuple[str, ...]
    #: Yields the alarms, the one that the tool reports first at the head.
    alarms: Callable[[Case], Iterator[Alarm]]

    def judge(self, case: Case) -> Alarm | None:
        """Returns the alarm that the tool reports for the case; None means healthy."""
        return next(self.alarms(case), None)
