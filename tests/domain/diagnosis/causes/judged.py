"""The cause of one finding of a case."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Cause, Finding
from app.domain.diagnosis.overrides import parse_overrides


def finding_of(code: str, given: Case, **overrides: str) -> Finding:
    """The one finding of that code, under overrides such as `vanishing_gradient__max_ratio`."""
    thresholds = parse_overrides({name.replace("__", "."): v for name, v in overrides.items()})
    (found,) = (one for one in diagnose(given, thresholds).findings if one.code == code)
    return found


def cause_of(code: str, given: Case, **overrides: str) -> Cause | None:
    return finding_of(code, given, **overrides).cause
