"""What a detector may answer, and what it must have before it is asked."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Finding, FindingCode, NotAssessed
from app.domain.diagnosis.thresholds import Thresholds

#: None: looked, and it is not there.
Outcome = Finding | NotAssessed | None
#: Why a detector cannot be asked; None when it can.
Need = Callable[[Case], str | None]


@dataclass(frozen=True, kw_only=True)
class Detector:
    """A pure judge of one symptom."""

    code: FindingCode
    needs: tuple[Need, ...]
    detect: Callable[[Case, Thresholds], Outcome]
