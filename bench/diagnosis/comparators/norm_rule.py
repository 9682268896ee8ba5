"""The rule of thumb: a gradient norm above 10 explodes, one below 0.01 vanishes."""

from collections.abc import Iterator

import numpy as np

from app.domain.diagnosis.case import Case
from bench.diagnosis.comparators.comparator import Alarm, Comparator

LARGE, SMALL = 10.0, 0.01
STEPS, SHARE = 100, 1 / 3


def alarms(case: Case) -> Iterator[Alarm]:
    """Yields on the norm of the weights' gradient before clipping."""
    norms = case.scalar("grad_norm")
    if not np.isfinite(norms).all() or (norms > LARGE).any():
        yield Alarm(rule="exploding gradient", leaf="expansive_recurrence")
    if norms.size >= STEPS and (norms[-STEPS:] < SMALL).mean() > SHARE:
        yield Alarm(rule="vanishing gradient", leaf="contractive_recurrence")


COMPARATOR = Comparator(
    name="norm rule of thumb",
    source="training-doctor 0.1.0 (PyPI): explodes above 10, vanishes below 0.01 on a third of 100",
    choices=("the steps are the last 100",),
    alarms=alarms,
)
