"""What a detector is: a pure judge of one symptom, and the card that describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Finding, NotAssessed
from app.domain.diagnosis.thresholds import T

#: None: it looked, and the symptom is not there.
Outcome = Finding | NotAssessed | None
#: Why a detector cannot judge a case; None when it can. Its docstring says what must be there.
Need = Callable[[Case], str | None]


@dataclass(frozen=True, kw_only=True)
class DetectorCard(Generic[T]):
    """All that is known of one detector; T is the class of its thresholds."""

    #: Of the finding; stable, lower snake case.
    code: str
    #: One sentence: what the symptom is.
    summary: str
    #: The symptom within the sentence of a verdict: `Sick: the gradient explodes.`
    in_words: str
    #: Whether a run cannot be called healthy while this symptom could not be assessed.
    is_essential: bool
    #: In the order in which they are checked.
    needs: tuple[Need, ...]
    thresholds: type[T]
    #: Called only when every need is met. The finding has neither cause nor remedies yet.
    detect: Callable[[Case, T], Outcome]

    def examine(self, case: Case) -> Outcome:
        """Judge the case by its own thresholds, or say what is missing."""
        for need in self.needs:
            reason = need(case)
            if reason is not None:
                return NotAssessed(code=self.code, reason=reason)
        return self.detect(case, case.thresholds.of(self.thresholds))

    def thresholds_with(self, values: Mapping[str, float]) -> T:
        """The defaults with those replaced that are given under `code.name`."""
        own = {
            name.removeprefix(f"{self.code}."): value
            for name, value in values.items()
            if name.startswith(f"{self.code}.")
        }
        return replace(self.thresholds(), **own)
