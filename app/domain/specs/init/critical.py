"""The recurrent gain at which a simple cell preserves the size of a gradient, by mean-field theory.

In a large network with weights N(0, g^2 / N) and external input of second moment v, pre-activations
have variance q = g^2 E[act(sqrt(q) z)^2] + v, and each timestep multiplies a squared gradient by
chi = g^2 E[act'(sqrt(q) z)^2] (Poole et al. 2016). Input increases the critical gain.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from app.domain.specs.init.base import BlankMatrix, CellNeed, DataDependentInit
from app.domain.specs.model.cell import Nonlinearity
from app.domain.telemetry import DoubleArray

#: relu passes half of its inputs, so chi = g^2 / 2 for any input.
RELU_GAIN = math.sqrt(2)
#: For tanh; with a larger gain every unit is saturated.
MAX_GAIN = 1e4
_BISECTIONS = 50
_MAX_ROUNDS = 500
#: Relative precision of the fixed point.
_PRECISION = 1e-12
#: Standard normal on a fine grid: the trapezoid rule is exact to rounding for smooth functions.
_z = np.linspace(-10, 10, 2001)
_weight = np.exp(-_z * _z / 2)
_weight /= _weight.sum()


class Critical(DataDependentInit):
    """For elman: gaussian with the gain that gives chi = 1 on the data (Poole et al. 2016).

    Each timestep multiplies a squared gradient by chi = gain^2 E[act'(sqrt(q) z)^2].
    """

    need: ClassVar = CellNeed(
        code="critical_needs_elman", is_met=lambda card: card.has_critical_gain
    )

    kind: Literal["critical"]

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        """Returns values with gain 1."""
        return blank.normal(1 / math.sqrt(blank.fan_in))

    def gain(self, *, nonlinearity: Nonlinearity, drive: float) -> float:
        return critical_gain(nonlinearity, drive)


def critical_gain(nonlinearity: Nonlinearity, drive: float) -> float:
    """Returns the gain with chi = 1; `drive` is the second moment of the external input."""
    if nonlinearity != "tanh":
        return RELU_GAIN if nonlinearity == "relu" else 1.0
    low, high = 0.0, MAX_GAIN
    for _ in range(_BISECTIONS):
        gain = (low + high) / 2
        if log_chi(gain, drive) < 0:
            low = gain
        else:
            high = gain
    return (low + high) / 2


def log_chi(gain: float, drive: float) -> float:
    """Returns ln chi for tanh: twice the largest Lyapunov exponent of a large driven network."""
    chi = gain**2 * _mean_squared_slope(math.sqrt(_variance(gain, drive)))
    return math.log(chi) if chi > 0 else -math.inf


def _mean_squared_slope(spread: float) -> float:
    """Returns E[tanh'(spread z)^2], on a grid that is fine where the integrand varies."""
    if spread <= 1:
        slope: DoubleArray = 1 - np.tanh(spread * _z) ** 2
        return float(_weight @ slope**2)
    # a grid of pre-activations, because tanh' is 0 outside of it
    x = 2 * _z
    density = np.exp(-((x / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
    return float((density / np.cosh(x) ** 4).sum() * (x[1] - x[0]))


def _variance(gain: float, drive: float) -> float:
    """Returns the variance of pre-activations, iterated from above to its fixed point."""
    q = gain**2 + drive
    for _ in range(_MAX_ROUNDS):
        following = gain**2 * float(_weight @ np.tanh(math.sqrt(q) * _z) ** 2) + drive
        if abs(following - q) <= _PRECISION * q:
            break
        q = following
    return q
