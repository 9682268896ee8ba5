"""The optimizer that a spec names, made by torch."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import Optimizer

from app.domain.specs.optimizer import OptimizerSpec


def make_optimizer(spec: OptimizerSpec, weights: Sequence[nn.Parameter]) -> Optimizer:
    named = spec.in_torch
    made: Optimizer = getattr(torch.optim, named.name)(
        weights, lr=spec.learning_rate, weight_decay=spec.weight_decay, **named.arguments
    )
    return made


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
