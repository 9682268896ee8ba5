"""The recurrent gain at which a simple cell neither grows nor shrinks a gradient, by mean field.

Of a large network with weights N(0, g^2 / N) and a drive of second moment v the pre-activations
have variance q = g^2 E[act(sqrt(q) z)^2] + v, and a squared gradient is multiplied by
chi = g^2 E[act'(sqrt(q) z)^2] a timestep (Poole et al. 2016). Input makes the critical gain larger.
Shapes: T timesteps, B sequences, I inputs, H hidden units.
"""

import math

import numpy as np
import torch
from torch import Tensor

from app.domain.specs.model.cell import Nonlinearity
from app.domain.telemetry import DoubleArray
from worker.cells.layer import Layer
from worker.models.layers import read_layer
from worker.models.network import SequenceModel

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


def make_critical_(model: SequenceModel, x_TBI: Tensor, lengths_B: Tensor | None) -> None:
    """Scale recurrent matrices of gain 1, layer by layer, for what these sequences drive."""
    with torch.no_grad():
        for index in range(len(model.layers)):
            layer = model.layer(index)
            for suffix in ("", "_reverse") if layer.bidirectional else ("",):
                drive = _second_moment(layer, suffix, x_TBI, lengths_B)
                gain = critical_gain(model.nonlinearity, drive)
                getattr(layer, f"weight_hh_l0{suffix}").mul_(gain)
            x_TBI = read_layer(layer, x_TBI, lengths_B=lengths_B, chunking=None)


def _second_moment(layer: Layer, suffix: str, x_TBI: Tensor, lengths_B: Tensor | None) -> float:
    """Of what enters the units from outside, over units and valid timesteps."""
    weight_HI, bias_H = (getattr(layer, f"{name}_ih_l0{suffix}") for name in ("weight", "bias"))
    drive_TB = (x_TBI @ weight_HI.T + bias_H).double().square().mean(dim=2)
    if lengths_B is None:
        return float(drive_TB.mean())
    t_T1 = torch.arange(len(drive_TB), device=drive_TB.device)[:, None]
    return float(drive_TB[t_T1 < lengths_B].mean())
