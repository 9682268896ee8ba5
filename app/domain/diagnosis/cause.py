"""What a cause is: a hypothesis about something that a client can change, and its card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.remedy import Draft

#: Code in place of a cause if none is more likely than not.
UNDETERMINED = "undetermined"
#: Code of the hypothesis that no card describes the cause.
UNKNOWN = "unknown"
#: Findings that a failed run has whatever the cause: they tell that it fails, not why.
OUTCOMES = frozenset({"no_better_than_baseline", "loss_plateau", "slow_convergence"})


class Family(StrEnum):
    """A group of causes that are hard to tell apart and need similar remedies."""

    STEP_SIZE = "step_size"
    SHORT_MEMORY = "short_memory"
    EXPANSION = "expansion"
    DATA = "data"
    REGULARISED_AWAY = "regularised_away"
    BUDGET_AND_SIZE = "budget_and_size"


#: One sentence that describes each family.
FAMILY_SUMMARIES: Mapping[Family, str] = MappingProxyType(
    {
        Family.STEP_SIZE: "The updates are too large, too small or too few.",
        Family.SHORT_MEMORY: "The gradient does not reach as far back as the task needs.",
        Family.EXPANSION: "The gradient or the state grows along the sequence.",
        Family.DATA: "The data does not show the network what it is to learn.",
        Family.REGULARISED_AWAY: "A penalty or dropout keeps the network from the data.",
        Family.BUDGET_AND_SIZE: "The network, the data or the start does not fit the task.",
    }
)


@dataclass(frozen=True, kw_only=True)
class EvidenceKey:
    """A number that the evidence of a cause may hold."""

    name: str
    #: 1 if it has no dimension.
    unit: str
    meaning: str
    #: Returns the number; None if it was not measured or is not finite.
    measure: Callable[[Case], JsonValue]


@dataclass(frozen=True, kw_only=True)
class CauseCard:
    """All that is known of one cause, except its remedies, whose cards name their causes."""

    #: Stable, lower snake case.
    code: str
    family: Family
    #: One sentence that says what is wrong.
    summary: str
    #: One sentence that says what tells it from the causes that look like it.
    distinction: str
    #: Codes of the findings that it can explain.
    explains: frozenset[str]
    #: Returns False where the structure of the job or exact physics excludes it.
    is_possible: Callable[[Case], bool]
    #: Returns whether the telemetry proves it, so that no other cause needs to be weighed.
    is_proven: Callable[[Case], bool] = lambda _case: False
    evidence: tuple[EvidenceKey, ...]
    #: Returns the change that would tell by its result whether this is the cause; None without one.
    experiment: Callable[[Case], Draft | None] = lambda _case: None
    #: One sentence that says why no remedy acts on it; None where there are remedies.
    no_remedy: str | None = None

    def measure(self, case: Case) -> Evidence:
        """Returns the numbers that were measured, by name."""
        found = {key.name: key.measure(case) for key in self.evidence}
        return {name: value for name, value in found.items() if value is not None}
