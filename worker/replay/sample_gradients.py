"""Gradients over all parameters, the read-out's too, of equal parts of a sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.replay.parameter_gradients import mean_loss
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.states import run_layer


@dataclass(frozen=True, kw_only=True)
class SampleGradient:
    """Mean gradient over equal parts of a sample, and what its noise is computed from."""

    #: (P,) in double precision.
    mean_P: Tensor
    #: Mean over the parts of the squared norm of a part's gradient.
    mean_square: float
    num_parts: int
    #: Sequences of one part.
    part_size: int


def sample_gradient(
    network: ReplayableNetwork, sample: ProbeSample, *, num_parts: int
) -> SampleGradient:
    """Leave out sequences beyond equal parts; no `.grad` is written."""
    count = min(num_parts, sample.num_sequences)
    size = sample.num_sequences // count
    parameters = [*network.layers.parameters(), *network.readout.parameters()]
    num_numbers = sum(parameter.numel() for parameter in parameters)
    sum_P = parameters[0].new_zeros(num_numbers, dtype=torch.float64)
    squares = 0.0
    for k in range(count):
        part = sample.take(k * size, (k + 1) * size, many_to_one=network.many_to_one)
        gradient_P = _gradient(network, part, parameters)
        sum_P += gradient_P
        squares += float(gradient_P.square().sum())
    return SampleGradient(
        mean_P=sum_P / count, mean_square=squares / count, num_parts=count, part_size=size
    )


def _gradient(
    network: ReplayableNetwork, part: ProbeSample, parameters: Sequence[Tensor]
) -> Tensor:
    # cuDNN has a backward pass in training mode only, and a probe changes no mode
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        top_TBD = part.x_TBI
        for module in network.layers:
            top_TBD = run_layer(module, top_TBD, part.lengths_B)
        gradients = torch.autograd.grad(mean_loss(network, part, top_TBD), parameters)
    return torch.cat([gradient.double().flatten() for gradient in gradients])
