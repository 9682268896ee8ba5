"""The recurrent gain at which a simple cell neither grows nor shrinks a gradient, by mean field.

Of a large network with weights N(0, g^2 / N) and a drive of second moment v the pre-activations
have variance q = g^2 E[act(sqrt(q) z)^2] + v, and a squared gradient is multiplied by
chi = g^2 E[act'(sqrt(q) z)^2] a timestep (Poole et al. 2016). Input makes the critical gain larger.
"""

import math
from typing import ClassVar, Literal

import numpy as np

from app.domain.specs.init.base import BlankMatrix, CellNeed, DataDependentInit
from app.domain.specs.model.cell import Nonlinearity
from app.domain.telemetry import DoubleArray

#: Half of a relu's inputs pass: chi = g^2 / 2 whatever the input.
RELU_GAIN = math.sqrt(2)
#: tanh: beyond, every unit is at its limits.
MAX_GAIN = 1e4
_BISECTIONS = 50
_MAX_ROUNDS = 500
#: Of the fixed point, relative.
_PRECISION = 1e-12
#: Standard normal on a fine grid: the trapezoid rule is exact to rounding for smooth functions.
_z = np.linspace(-10, 10, 2001)
_weight = np.exp(-_z * _z / 2)
_weight /= _weight.sum()


class Critical(DataDependentInit):
    """For elman: gaussian, its gain solving chi = 1 for the data's input (Poole et al. 2016).

    chi = gain^2 E[act'(sqrt(q) z)^2] is what a squared gradient is multiplied by each timestep.
    """

    need: ClassVar = CellNeed(
        code="critical_needs_elman", is_met=lambda card: card.has_critical_gain
    )

    kind: Literal["critical"]

    def fill(self, blank: BlankMatrix, /) -> DoubleArray:
        """With gain 1."""
        return blank.normal(1 / math.sqrt(blank.fan_in))

    def gain(self, *, nonlinearity: Nonlinearity, drive: float) -> float:
        return critical_gain(nonlinearity, drive)


def critical_gain(nonlinearity: Nonlinearity, drive: float) -> float:
    """Gain with chi = 1; `drive` is the second moment of what comes in from outside."""
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
    """Of tanh: half of it is the largest Lyapunov exponent of a large driven network."""
    chi = gain**2 * _mean_squared_slope(math.sqrt(_variance(gain, drive)))
    return math.log(chi) if chi > 0 else -math.inf


def _mean_squared_slope(spread: float) -> float:
    """E[tanh'(spread z)^2], on a grid that is fine where the integrand is not flat."""
    if spread <= 1:
        slope: DoubleArray = 1 - np.tanh(spread * _z) ** 2
        return float(_weight @ slope**2)
    # tanh' is 0 beyond: the grid is one of pre-activations then
    x = 2 * _z
    density = np.exp(-((x / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
    return float((density / np.cosh(x) ** 4).sum() * (x[1] - x[0]))


def _variance(gain: float, drive: float) -> float:
    """Fixed point of the variance of pre-activations, from above."""
    q = gain**2 + drive
    for _ in range(_MAX_ROUNDS):
        following = gain**2 * float(_weight @ np.tanh(math.sqrt(q) * _z) ** 2) + drive
        if abs(following - q) <= _PRECISION * q:
            break
        q = following
    return q
