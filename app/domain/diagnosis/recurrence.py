"""How the gradient grows with the lag, by the latest lag profile."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.growth import growths


def log_rise(case: Case) -> float | None:
    """Returns ln of the gradient at the longest lag / at lag 0, in the latest profile with both."""
    seen = growths(case)
    return seen[-1].log_rise if seen else None
