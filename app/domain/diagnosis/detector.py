"""What a detector is: a pure judge of one symptom, and the card that describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Finding, NotAssessed
from app.domain.diagnosis.thresholds import T

#: None if the symptom is absent.
Outcome = Finding | NotAssessed | None
#: Returns why a detector cannot judge a case; None if it can. Its docstring names what is needed.
Need = Callable[[Case], str | None]


@dataclass(frozen=True, kw_only=True)
class DetectorCard(Generic[T]):
    """All that is known of one detector; T is the class of its thresholds."""

    #: Code of the finding; stable, lower snake case.
    code: str
    #: One sentence that describes the symptom.
    summary: str
    #: The symptom as a clause: `It may be that the gradient explodes.`
    in_words: str
    #: Whether a run cannot be called healthy while this symptom could not be assessed.
    is_essential: bool
    #: In the order in which they are checked.
    needs: tuple[Need, ...]
    thresholds: type[T]
    #: Called only if every need is met. The finding has neither cause nor remedies yet.
    detect: Callable[[Case, T], Outcome]

    def examine(self, case: Case) -> Outcome:
        """Returns what the detector found by the case's thresholds, or which need is not met."""
        for need in self.needs:
            reason = need(case)
            if reason is not None:
                return NotAssessed(code=self.code, reason=reason)
        return self.detect(case, case.thresholds.of(self.thresholds))

    def thresholds_with(self, values: Mapping[str, float]) -> T:
        """Returns the default thresholds, except those that are given as `code.name`."""
        own = {
            name.removeprefix(f"{self.code}."): value
            for name, value in values.items()
            if name.startswith(f"{self.code}.")
        }
        return replace(self.thresholds(), **own)
