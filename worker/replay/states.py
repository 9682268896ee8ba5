"""The states of a network over a sample, in the reading order of each direction."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from worker.cells.layer import as_layer
from worker.cells.states import DirectionStates, directions_of, read_weights
from worker.models.layers import all_lengths, read_layer, reading_order, reorder


def run_layer(module: nn.Module, x_TBI: Tensor, lengths_B: Tensor | None) -> Tensor:
    """Outputs (T, B, D·H) as training computes them: in its precision, by its kernel."""
    return read_layer(as_layer(module), x_TBI, lengths_B=lengths_B, chunking=None)


def run_network(
    layers: Sequence[nn.Module] | nn.ModuleList, x_TBI: Tensor, lengths_B: Tensor | None
) -> tuple[tuple[DirectionStates, ...], ...]:
    """States of each layer, bottom first, and of each of its directions."""
    order_TB = reading_order(all_lengths(x_TBI, lengths_B), x_TBI.shape[0])
    stack = []
    with torch.no_grad():
        for index, module in enumerate(layers):
            outputs_TBD = run_layer(module, x_TBI, lengths_B)
            stack.append(_split_directions(index, module, (x_TBI, outputs_TBD), order_TB))
            x_TBI = outputs_TBD
    return tuple(stack)


def _split_directions(
    index: int, module: nn.Module, in_and_out: tuple[Tensor, Tensor], order_TB: Tensor
) -> tuple[DirectionStates, ...]:
    x_TBI, outputs_TBD = (tensor.double() for tensor in in_and_out)
    directions = directions_of(module)
    halves = outputs_TBD.chunk(len(directions), dim=-1)
    states = []
    for direction, half_TBH in zip(directions, halves, strict=True):
        is_forward = direction == "forward"
        hidden_PBH = half_TBH if is_forward else reorder(half_TBH, order_TB)
        states.append(
            DirectionStates(
                layer=index,
                direction=direction,
                weights=read_weights(module, direction),
                x_PBI=x_TBI if is_forward else reorder(x_TBI, order_TB),
                hidden_PBH=hidden_PBH,
                previous_PBH=torch.cat([torch.zeros_like(hidden_PBH[:1]), hidden_PBH[:-1]]),
            )
        )
    return tuple(states)
