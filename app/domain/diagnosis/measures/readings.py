"""The first, the latest and the typical value of a quantity that probes or evaluations measure."""

from collections.abc import Callable, Iterable

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.trends import finite_median

#: Chooses the value among those of several scopes: the largest or the smallest one.
Choice = Callable[[Iterable[float]], float]


def first(case: Case, quantity: str, *, choice: Choice = max) -> float | None:
    """Returns the value at the first step that has a finite one, chosen among its scopes."""
    found = [one for one in case.readings_of(quantity) if np.isfinite(one.value)]
    return choice(one.value for one in found if one.step == found[0].step) if found else None


def latest(case: Case, quantity: str, *, choice: Choice = max) -> float | None:
    """Returns the value at the latest step that has a finite one, chosen among its scopes."""
    found = [one for one in case.readings_of(quantity) if np.isfinite(one.value)]
    return choice(one.value for one in found if one.step == found[-1].step) if found else None


def typical(case: Case, quantity: str) -> float | None:
    """Returns the median of the finite values over all steps and scopes."""
    return finite_median(np.array([one.value for one in case.readings_of(quantity)], dtype=float))


def typical_of_steps(case: Case, quantity: str) -> float | None:
    """Returns the median of the finite values of a quantity of every step."""
    return finite_median(case.recorded(quantity))
