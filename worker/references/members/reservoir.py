"""The states of a random recurrent network that is never trained.

Shapes: T timesteps, B sequences, I inputs, G groups, U units of a group, N = G U units.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.domain.seeding import numpy_generator
from worker.datasets.task import Batch
from worker.references.card import FeatureCard, Features, InputShape
from worker.references.positions import last_of

#: Groups of units, each with a time constant of its own.
NUM_GROUPS = 4
#: Units of a group: the least and the most.
MIN_UNITS = 12
MAX_UNITS = 40
#: Updates of a unit's state times the inputs of that unit; it bounds the time of all states.
MAX_PRODUCTS = 4 * 10**9
#: Largest modulus of an eigenvalue of each group's recurrent matrix.
RADIUS = 0.9
#: Spread of the input weights, for inputs with a standard deviation of 1.
INPUT_SCALE = 0.7
BIAS_SCALE = 0.5


@dataclass(frozen=True, kw_only=True)
class Reservoir:
    """Leaky units in groups: h_t = (1 - a) h_{t-1} + a tanh(W h_{t-1} + V x_t + b)."""

    recurrent_GUU: Tensor
    input_GIU: Tensor
    bias_G1U: Tensor
    leak_G11: Tensor
    is_per_step: bool

    def __call__(self, batch: Batch) -> Tensor:
        x_TBI = batch.inputs_TBI
        num_timesteps, size, _ = x_TBI.shape
        groups, units, _ = self.recurrent_GUU.shape
        drive_GTBU = torch.einsum("tbi,giu->gtbu", x_TBI, self.input_GIU)
        drive_GTBU += self.bias_G1U[:, None]
        h_GBU = torch.zeros(groups, size, units)
        states_TGBU = torch.empty(num_timesteps, groups, size, units)
        for t in range(num_timesteps):
            raised_GBU = torch.baddbmm(drive_GTBU[:, t], h_GBU, self.recurrent_GUU).tanh_()
            h_GBU = torch.lerp(h_GBU, raised_GBU, self.leak_G11, out=states_TGBU[t])
        states_TBN = states_TGBU.movedim(1, 2).flatten(2)
        if self.is_per_step:
            return torch.cat([states_TBN, x_TBI], dim=-1)
        mean_TBN = states_TBN.cumsum(dim=0)
        mean_TBN /= torch.arange(1.0, num_timesteps + 1)[:, None, None]
        parts = (last_of(part, batch) for part in (states_TBN, mean_TBN, x_TBI))
        return torch.cat(list(parts), dim=-1)


def make_reservoir(shape: InputShape) -> Features:
    """Returns a reservoir whose time constants reach from one timestep to the whole sequence."""
    rng = numpy_generator(0, "reservoir")
    affordable = int((MAX_PRODUCTS / max(1, shape.num_timesteps) / NUM_GROUPS) ** 0.5)
    units = min(MAX_UNITS, max(MIN_UNITS, affordable))
    square = (NUM_GROUPS, units, units)
    recurrent_GUU = rng.standard_normal(square)
    radius_G = np.abs(np.linalg.eigvals(recurrent_GUU)).max(axis=1)
    recurrent_GUU *= RADIUS / radius_G[:, None, None]
    input_GIU = rng.uniform(-1, 1, (NUM_GROUPS, shape.input_size, units))
    input_GIU *= INPUT_SCALE * (3 / min(shape.input_size, 3)) ** 0.5
    longest = max(2.0, shape.length / 2)
    leak_G = longest ** -np.linspace(0, 1, NUM_GROUPS)
    return Reservoir(
        recurrent_GUU=_float(recurrent_GUU),
        input_GIU=_float(input_GIU),
        bias_G1U=_float(rng.uniform(-BIAS_SCALE, BIAS_SCALE, (NUM_GROUPS, 1, units))),
        leak_G11=_float(leak_G[:, None, None]),
        is_per_step=shape.is_per_step,
    )


def _float(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


CARD = FeatureCard(
    name="reservoir",
    formula=(
        "W [h_t, mean of h, x_t] + b; h_t = (1 - a) h_{t-1} + a tanh(R h_{t-1} + V x_t + c); R, V "
        "and c are random and fixed; 4 groups of units with a from 1 down to 2 / T"
    ),
    sees="products of inputs and their order, as far back as its slowest units remember",
    cost="n T N^2 / 4 for n sequences of T timesteps and N <= 160 units, then n K^2 + K^3",
    source="echo state network (Jaeger 2001), leaky units (Jaeger et al. 2007)",
    is_nonlinear=True,
    features=make_reservoir,
    max_timesteps=200_000,
)
