"""torch's optimizers as a spec asks for them, in their fused form where there is one."""

from collections.abc import Sequence
from typing import assert_never

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from app.domain.specs.optimizer import AdamSpec, AdamWSpec, OptimizerSpec, RmspropSpec, SgdSpec


def make_optimizer(spec: OptimizerSpec, weights: Sequence[nn.Parameter]) -> Optimizer:
    rate, decay = spec.learning_rate, spec.weight_decay
    match spec:
        case SgdSpec():
            return SGD(
                weights,
                lr=rate,
                momentum=spec.momentum,
                nesterov=spec.nesterov,
                weight_decay=decay,
                fused=True,
            )
        case AdamSpec():
            betas = (spec.beta1, spec.beta2)
            return Adam(weights, lr=rate, betas=betas, eps=spec.eps, weight_decay=decay, fused=True)
        case AdamWSpec():
            betas = (spec.beta1, spec.beta2)
            return AdamW(
                weights, lr=rate, betas=betas, eps=spec.eps, weight_decay=decay, fused=True
            )
        case RmspropSpec():
            return RMSprop(
                weights,
                lr=rate,
                alpha=spec.alpha,
                momentum=spec.momentum,
                eps=spec.eps,
                weight_decay=decay,
                foreach=True,
            )
        case _:
            assert_never(spec)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
