"""Finds where the first number of a run that is not finite arose."""

from dataclasses import dataclass

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.quantities.trained import (
    NON_FINITE_BATCH_ROW,
    NON_FINITE_TIMESTEP,
    NON_FINITE_WHERE,
)
from app.domain.scopes import Scope
from app.domain.telemetry import PLACES, IntArray, Place, ScalarReading


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The place of the first number that is not finite."""

    where: Place
    scope: Scope
    step: int
    timestep: int | None
    batch_rows: tuple[int, ...]
    last_finite_step: int | None


def non_finite_steps(case: Case) -> IntArray:
    """Returns the bad steps; if a run diverged without one, its latest step."""
    steps_n, bad_n = case.telemetry.steps_n, case.is_bad_n
    if not bad_n.any() and case.has_diverged:
        return steps_n[-1:]
    return steps_n[bad_n]


def find_origin(case: Case) -> Origin | None:
    """Returns the origin by the worker's repetition of the step, otherwise by the telemetry.

    Returns None if everything is finite.
    """
    bad_steps_n = non_finite_steps(case)
    if not bad_steps_n.size:
        return None
    found = case.telemetry.scalar_readings
    where = next((r for r in found if r.quantity == NON_FINITE_WHERE), None)
    if where is None or not 0 <= int(where.value) < len(PLACES):
        return _origin_by_telemetry(case, step=int(bad_steps_n[0]))
    same = [r for r in found if r.step == where.step and r.scope == where.scope]
    return Origin(
        where=PLACES[int(where.value)],
        scope=where.scope,
        step=where.step,
        timestep=_value(same, NON_FINITE_TIMESTEP),
        batch_rows=tuple(int(r.value) for r in same if r.quantity == NON_FINITE_BATCH_ROW),
        last_finite_step=_last_finite_before(case, where.step),
    )


def _value(readings: list[ScalarReading], quantity: str) -> int | None:
    return next((int(r.value) for r in readings if r.quantity == quantity), None)


def _origin_by_telemetry(case: Case, *, step: int) -> Origin:
    loss_n = case.recorded("loss")[case.telemetry.steps_n == step]
    is_loss_finite = bool(np.isfinite(loss_n).all())
    return Origin(
        where="backward" if is_loss_finite else "loss",
        scope=Scope.model(),
        step=step,
        timestep=None,
        batch_rows=(),
        last_finite_step=_last_finite_before(case, step),
    )


def _last_finite_before(case: Case, step: int) -> int | None:
    """Returns the last step before this one whose loss and gradient are finite."""
    steps_n = case.telemetry.steps_n
    finite_n = steps_n[(steps_n < step) & ~case.is_bad_n]
    return int(finite_n[-1]) if finite_n.size else None
