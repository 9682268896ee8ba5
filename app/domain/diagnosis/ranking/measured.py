"""Readings of a case by quantity, reduced over scopes, and the numbers that summarise them.

Legend: n steps, m readings. Numbers that cannot be known are NaN.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from app.domain.diagnosis.case import Case
from app.domain.scopes import ScopeKind
from app.domain.telemetry import DoubleArray

#: Logarithms are cut off here: what is beyond is as good as zero or infinite.
MOST_NATS = 30.0
#: Stands for infinity; the sum of a few does not overflow.
MOST_VALUE = 1e300
#: Readings of probes whose median is `last`, because a single one is noisy.
NUM_LAST = 3
#: Steps of a long run from which medians and quantiles are taken, evenly spread.
MOST_STEPS = 20_000
#: Over the scopes of one step.
MAX, MIN, MEAN = np.maximum, np.minimum, np.add
NOTHING: DoubleArray = np.empty(0)


def probed(
    case: Case,
    quantity: str,
    over: np.ufunc = MAX,
    *,
    kinds: Iterable[ScopeKind] = tuple(ScopeKind),
    name: str | None = None,
    none: float | None = None,
) -> DoubleArray:
    """Returns one value for each step that has readings in these scopes, without NaN.

    `over` reduces the scopes of a step; `name` is that of a gate, tensor or split. Infinite values
    become 1e300. `none` is the one value without any reading.
    """
    chosen = [
        reading
        for reading in case.readings_of(quantity)
        if reading.scope.kind in kinds
        and name in {None, reading.scope.name}
        and not math.isnan(reading.value)
    ]
    if not chosen:
        return NOTHING if none is None else np.array([none])
    steps_m = np.array([reading.step for reading in chosen])
    values_m = np.array([reading.value for reading in chosen], dtype=np.float64)
    values_m = values_m.clip(-MOST_VALUE, MOST_VALUE)
    starts_n = np.flatnonzero(np.diff(steps_m, prepend=steps_m[0] - 1))
    reduced_n: DoubleArray = over.reduceat(values_m, starts_n)
    return reduced_n / np.diff(starts_n, append=steps_m.size) if over is MEAN else reduced_n


def first(values_n: DoubleArray) -> float:
    return float(values_n[0]) if values_n.size else math.nan


def last(values_n: DoubleArray) -> float:
    return middle(values_n[-NUM_LAST:])


def middle(values_n: DoubleArray) -> float:
    return float(np.median(values_n)) if values_n.size else math.nan


def largest(values_n: DoubleArray) -> float:
    return float(values_n.max()) if values_n.size else math.nan


def least(values_n: DoubleArray) -> float:
    return float(values_n.min()) if values_n.size else math.nan


def nats(value: float) -> float:
    """Returns the logarithm between -30 and 30; NaN stays."""
    if math.isnan(value):
        return value
    return max(-MOST_NATS, min(MOST_NATS, math.log(value))) if value > 0 else -MOST_NATS


def log_ratio(value: float, other: float) -> float:
    """Returns ln(value / other) between -30 and 30; NaN where one of them is."""
    return limited(nats(value) - nats(other), -MOST_NATS, MOST_NATS)


def limited(value: float, low: float, high: float) -> float:
    """Returns the value within the bounds; NaN stays."""
    return value if math.isnan(value) else max(low, min(high, value))


def share(holds_n: NDArray[np.bool_]) -> float:
    return float(holds_n.mean()) if holds_n.size else math.nan


def step_curve(case: Case, quantity: str) -> DoubleArray:
    """Returns the finite values of a quantity of every step, of a long run evenly spread ones."""
    values_n = np.asarray(case.telemetry.scalars.get(quantity, NOTHING))
    thinned_n = values_n[:: max(1, values_n.size // MOST_STEPS)].astype(np.float64)
    return thinned_n[np.isfinite(thinned_n)]


def ends(name: str, values_n: DoubleArray) -> Mapping[str, float]:
    """Returns the first value and the last."""
    return {f"{name}_first": first(values_n), f"{name}_last": last(values_n)}


def ends_in_nats(name: str, values_n: DoubleArray) -> Mapping[str, float]:
    return {key: nats(value) for key, value in ends(name, values_n).items()}
