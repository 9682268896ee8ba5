"""Run one layer over sequences: whole or in chunks, in one or both directions.

Shapes: T timesteps, P timesteps in the order in which a direction reads them, B sequences,
I inputs, H hidden units, D directions.
Padding is to the right and is never read by the reverse direction.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.domain.scopes import Direction
from worker.cells.layer import Layer, State


@dataclass(frozen=True, kw_only=True)
class Chunking:
    """How a sequence is cut into chunks, and what is done to the state between two of them."""

    #: Timesteps of a chunk; what is left over is the first chunk in time.
    length: int
    #: Called with the state and the reading position of the timestep that reads it next.
    at_boundary: Callable[[State, int], State]


def detached(state: State, _position: int) -> State:
    """The state without its gradient: truncated backpropagation through time."""
    return tuple(part.detach() for part in state)


def chunk_starts(num_timesteps: int, length: int, *, direction: Direction) -> range:
    """Returns the reading positions at which a chunk begins, except for the first chunk.

    In time, the chunk that is shorter than the others is the first one, in both directions.
    """
    if direction == "reverse":
        return range(length, num_timesteps, length)
    return range(num_timesteps % length or length, num_timesteps, length)


def read_layer(
    layer: Layer, x_TBI: Tensor, *, lengths_B: Tensor | None, chunking: Chunking | None
) -> Tensor:
    """Outputs (T, B, D·H); the forward direction alone reads padded timesteps."""
    if chunking is None and (lengths_B is None or not layer.bidirectional):
        whole_TBD: Tensor = layer(x_TBI)[0]
        return whole_TBD
    forward_TBH = _read_direction(layer, x_TBI, suffix="", chunking=chunking)
    if not layer.bidirectional:
        return forward_TBH
    order_TB = reading_order(all_lengths(x_TBI, lengths_B), x_TBI.shape[0])
    reverse_PBH = _read_direction(
        layer, reorder(x_TBI, order_TB), suffix="_reverse", chunking=chunking
    )
    return torch.cat([forward_TBH, reorder(reverse_PBH, order_TB)], dim=-1)


def all_lengths(x_TBI: Tensor, lengths_B: Tensor | None) -> Tensor:
    """(B,) timesteps of each sequence: T where no lengths are given."""
    num_timesteps, batch_size, _ = x_TBI.shape
    if lengths_B is None:
        return torch.full((batch_size,), num_timesteps, device=x_TBI.device)
    return lengths_B.to(x_TBI.device)


def reading_order(lengths_B: Tensor, num_timesteps: int) -> Tensor:
    """Index (T, B) that reverses each sequence within its own length; it is its own inverse."""
    t_T1 = torch.arange(num_timesteps, device=lengths_B.device)[:, None]
    return torch.where(t_T1 < lengths_B, lengths_B - 1 - t_T1, t_T1)


def reorder(values_TBF: Tensor, order_TB: Tensor) -> Tensor:
    return values_TBF.gather(0, order_TB[:, :, None].expand_as(values_TBF))


def _read_direction(
    layer: Layer, x_PBI: Tensor, *, suffix: str, chunking: Chunking | None
) -> Tensor:
    num_timesteps = x_PBI.shape[0]
    length = num_timesteps if chunking is None else chunking.length
    starts = chunk_starts(num_timesteps, length, direction="reverse" if suffix else "forward")
    zero_1BH = x_PBI.new_zeros(1, x_PBI.shape[1], layer.hidden_size)
    state: State = (zero_1BH,) * len(layer.card.state)
    position = 0
    outputs = []
    for chunk_PBI in x_PBI.tensor_split(list(starts)):
        if chunking is not None and position:
            state = chunking.at_boundary(state, position)
        out_PBH, state = layer.read(chunk_PBI, state, suffix=suffix)
        outputs.append(out_PBH)
        position += chunk_PBI.shape[0]
    return torch.cat(outputs)
