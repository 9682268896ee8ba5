"""Arguments of the kernels of torch for one direction of a layer.

Shapes: P timesteps in the order in which a direction reads them, B sequences.
"""

import torch
from torch import Tensor, nn

#: Weights and biases; has_biases, num_layers, dropout, train, bidirectional, batch_first.
KernelArguments = tuple[list[Tensor], bool, int, float, bool, bool, bool]


def kernel_arguments(layer: nn.Module, suffix: str) -> KernelArguments:
    """The arguments after input and state; `suffix` is that of the direction's parameters."""
    named = dict(layer.named_parameters())
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights: list[Tensor] = [named[f"{name}_l0{suffix}"] for name in names]
    return weights, True, 1, 0.0, torch.is_grad_enabled(), False, False
