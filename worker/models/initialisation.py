"""How the weights start: drawn on the host in double precision, whatever the device.

Shapes: H hidden units, I inputs. A gated cell's matrices are drawn gate by gate, (H, I) each.
torch has two biases: `init.bias` is for bias_ih, bias_hh is zero (`torch_default` draws both, as
torch does). A `critical` matrix is drawn with gain 1 here and scaled once the data is known.
"""

import math
from typing import assert_never

import numpy as np
import torch
from torch import Tensor, nn

from app.domain.specs.init import (
    Chrono,
    Critical,
    Gaussian,
    HeNormal,
    HeUniform,
    Identity,
    InitSpec,
    InputInit,
    Normal,
    Orthogonal,
    RecurrentInit,
    SpectralRadius,
    TorchDefault,
    Uniform,
    XavierNormal,
    XavierUniform,
    Zeros,
)
from app.domain.specs.model.cell import CellCard
from app.domain.telemetry import DoubleArray
from worker.models.network import SequenceModel
from worker.seeding import numpy_generator

MatrixInit = RecurrentInit | InputInit


def initialise(
    model: SequenceModel,
    init: InitSpec,
    *,
    forget_bias: float | None,
    seed: int,
    longest_lag: int = 1,
) -> None:
    """Overwrite every tensor; each is a pure function of the seed and its name.

    `longest_lag` is what a chrono bias that names none is to remember.
    """
    hidden_size = model.hidden_size
    for name, parameter in model.named_tensors():
        rng = numpy_generator(seed, "init", name)
        values = _draw(name, tuple(parameter.shape), init, hidden_size, rng)
        if isinstance(init.bias, Chrono) and "bias_ih" in name:
            values = _chrono(model.card, init.bias.max_lag or longest_lag, hidden_size, rng)
        if forget_bias is not None and model.card.forget_gate is not None and "bias_" in name:
            first = model.card.blocks.index(model.card.forget_gate) * hidden_size
            values[first : first + hidden_size] = forget_bias if "bias_ih" in name else 0.0
        _write(parameter, values)


def draw_matrix(
    init: MatrixInit, shape: tuple[int, int], *, hidden_size: int, rng: np.random.Generator
) -> DoubleArray:
    """One gate's matrix (fan_out, fan_in)."""
    fan_out, fan_in = shape
    match init:
        case XavierUniform() | XavierNormal():
            std = init.gain * math.sqrt(2 / (fan_in + fan_out))
            return _scaled(shape, std, rng, is_uniform=isinstance(init, XavierUniform))
        case HeUniform() | HeNormal():
            std = init.gain * math.sqrt(2 / fan_in)
            return _scaled(shape, std, rng, is_uniform=isinstance(init, HeUniform))
        case Gaussian() | Critical():
            gain = init.gain if isinstance(init, Gaussian) else 1.0
            return rng.normal(0, gain / math.sqrt(fan_in), shape)
        case Orthogonal():
            drawn = init.gain * _orthogonal(shape, rng)
        case Identity():
            drawn = init.gain * np.eye(fan_out, fan_in)
        case SpectralRadius():
            gaussian = rng.normal(size=shape)
            drawn = gaussian * (init.radius / np.abs(np.linalg.eigvals(gaussian)).max())
        case Normal() | Uniform() | Zeros() | TorchDefault():
            drawn = _draw_plain(init, shape, hidden_size=hidden_size, rng=rng)
        case _:
            assert_never(init)
    return drawn


def _scaled(
    shape: tuple[int, int], std: float, rng: np.random.Generator, *, is_uniform: bool
) -> DoubleArray:
    """Normal, or uniform with the same standard deviation."""
    bound = math.sqrt(3) * std
    return rng.uniform(-bound, bound, shape) if is_uniform else rng.normal(0, std, shape)


def _draw(
    name: str, shape: tuple[int, ...], init: InitSpec, hidden_size: int, rng: np.random.Generator
) -> DoubleArray:
    if name.startswith("readout."):
        return _draw_readout(shape, rng)
    if "bias_" in name:
        is_unused = "bias_hh" in name and not isinstance(init.bias, TorchDefault)
        # a chrono bias is one of certain gates: the others are zero
        bias = Zeros() if is_unused or isinstance(init.bias, Chrono) else init.bias
        return _draw_plain(bias, shape, hidden_size=hidden_size, rng=rng)
    matrix = init.recurrent if "weight_hh" in name else init.input
    gates = [
        draw_matrix(matrix, (hidden_size, shape[1]), hidden_size=hidden_size, rng=rng)
        for _ in range(shape[0] // hidden_size)
    ]
    return np.concatenate(gates)


def _draw_readout(shape: tuple[int, ...], rng: np.random.Generator) -> DoubleArray:
    """Xavier uniform with a zero bias, whatever the recurrent part starts from."""
    if len(shape) == 1:
        return np.zeros(shape)
    bound = math.sqrt(6 / sum(shape))
    return rng.uniform(-bound, bound, shape)


def _draw_plain(
    init: Normal | Uniform | Zeros | TorchDefault,
    shape: tuple[int, ...],
    *,
    hidden_size: int,
    rng: np.random.Generator,
) -> DoubleArray:
    """What depends on neither fan: for matrices and biases alike."""
    match init:
        case Normal():
            return rng.normal(0, init.std, shape)
        case Uniform():
            return rng.uniform(-init.bound, init.bound, shape)
        case Zeros():
            return np.zeros(shape)
        case TorchDefault():
            bound = 1 / math.sqrt(hidden_size)
            return rng.uniform(-bound, bound, shape)
        case _:
            assert_never(init)


def _chrono(
    card: CellCard, max_lag: int, hidden_size: int, rng: np.random.Generator
) -> DoubleArray:
    """All gates' biases: ln u for the gate that keeps, u ~ U[1, max_lag]; minus it for what enters.

    A GRU has one gate for both (Tallec & Ollivier 2018, section 2).
    """
    kept_H = np.log(rng.uniform(1, max(1, max_lag), hidden_size))
    zero_H = np.zeros(hidden_size)
    return np.concatenate(
        [
            kept_H if gate.keeps_state else -kept_H if gate.admits_input else zero_H
            for gate in card.gates
        ]
    )


def _orthogonal(shape: tuple[int, int], rng: np.random.Generator) -> DoubleArray:
    """Uniform over the orthogonal matrices (columns or rows orthonormal where it is not square)."""
    rows, columns = shape
    gaussian = rng.normal(size=(max(shape), min(shape)))
    q, r = np.linalg.qr(gaussian)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # without it QR prefers some rotations
    return np.ascontiguousarray(q if rows >= columns else q.T)


def _write(parameter: nn.Parameter, values: DoubleArray) -> None:
    source: Tensor = torch.from_numpy(values)
    with torch.no_grad():
        parameter.copy_(source)
