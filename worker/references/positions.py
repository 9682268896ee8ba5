"""Values at positions of sequences of different lengths.

Shapes: T timesteps, B sequences, I inputs.
"""

import torch
from torch import Tensor

from worker.datasets.task import Batch


def last_of(values_TBx: Tensor, batch: Batch) -> Tensor:
    """Returns (B, x): the values at the last valid timestep of each sequence."""
    return values_TBx[_last_positions(batch), torch.arange(batch.num_sequences)]


def values_before(batch: Batch, lag: int, *, is_per_step: bool) -> Tensor:
    """Returns the inputs `lag` timesteps before each target; 0 before the sequence begins.

    (T, B, I) if each timestep has a target, otherwise (B, I), counted from the last timestep.
    """
    x_TBI = batch.inputs_TBI
    if is_per_step:
        shifted_TBI = torch.zeros_like(x_TBI)
        if lag < len(x_TBI):
            shifted_TBI[lag:] = x_TBI[: len(x_TBI) - lag]
        return shifted_TBI
    place_B = _last_positions(batch) - lag
    found_BI = x_TBI[place_B.clamp(min=0), torch.arange(batch.num_sequences)]
    return torch.where((place_B >= 0)[:, None], found_BI, 0.0)


def _last_positions(batch: Batch) -> Tensor:
    if batch.lengths_B is None:
        return torch.full((batch.num_sequences,), len(batch.inputs_TBI) - 1)
    return batch.lengths_B.long() - 1
