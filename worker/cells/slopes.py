"""Slopes of non-linearities, exact where the non-linearity rounds to its limit."""

import torch
from torch import Tensor


def tanh_slope(drive: Tensor) -> Tensor:
    """1 / cosh² by one exponential, three times as fast as cosh; 1 − tanh² is 0 beyond 19."""
    shrunk = torch.abs(drive).mul_(-2.0).exp_()
    grown = 1 + shrunk
    return shrunk.mul_(4.0).div_(grown).div_(grown)
