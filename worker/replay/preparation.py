"""Linearise a network over a sample, in blocks of sequences that fit into memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Self

import torch
from torch import Tensor

from worker.cells.layer import as_layer
from worker.cells.linearisation import Linearisation
from worker.cells.states import DirectionStates
from worker.replay.anchors import Anchors
from worker.replay.network import LayerCells
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.states import run_network

#: Every layer, bottom first, by direction.
Stack = tuple[LayerCells, ...]
#: Double-precision states, gates, factors and adjoints of one block of sequences stay below this;
#: a sample that fits into two blocks is one block, because the first block is kept anyway.
MAX_BLOCK_BYTES = 128 * 2**20
#: Arrays of the width of the gates per timestep, sequence and direction: gates, factors, copies.
_GATE_COPIES = 6


def blocks(
    network: ReplayableNetwork, sample: ProbeSample, *, anchors_per_sequence: int
) -> Iterator[ProbeSample]:
    """The sample in blocks of consecutive sequences."""
    num_timesteps = sample.x_TBI.shape[0]
    width = sum(parameter.shape[0] for parameter in _recurrent_weights(network))
    kept = _GATE_COPIES + (anchors_per_sequence if len(network.layers) > 1 else 0)
    bytes_a_sequence = 8 * num_timesteps * width * kept
    size = max(1, MAX_BLOCK_BYTES // bytes_a_sequence)
    if sample.num_sequences * bytes_a_sequence <= 2 * MAX_BLOCK_BYTES:
        size = sample.num_sequences
    for first in range(0, sample.num_sequences, size):
        yield sample.take(first, first + size, many_to_one=network.many_to_one)


def _recurrent_weights(network: ReplayableNetwork) -> Iterator[Tensor]:
    for name, parameter in network.layers.named_parameters():
        if "weight_hh" in name:
            yield parameter


def linearise_network(network: ReplayableNetwork, sample: ProbeSample) -> Stack:
    if isinstance(sample, SharedSample):
        return sample.linearised(network)
    return linearise_stack(network, run_network(network.layers, sample.x_TBI, sample.lengths_B))


@dataclass(frozen=True, kw_only=True)
class SharedSample(ProbeSample):
    """A sample whose linearisation is shared by the probes of one moment.

    The first linearisation that starts at the first sequence is kept, and the others use parts of
    it. Probes may run at the same time; they keep nothing else.
    """

    kept: list[tuple[ReplayableNetwork, Stack]] = field(default_factory=list)

    @classmethod
    def of(cls, sample: ProbeSample) -> Self:
        return cls(**{part.name: getattr(sample, part.name) for part in fields(sample)})

    def take(self, first: int, last: int, *, many_to_one: bool) -> Self:
        part = super().take(first, last, many_to_one=many_to_one)
        return part if first == 0 else replace(part, kept=[])

    def linearised(self, network: ReplayableNetwork) -> Stack:
        for owner, stack in self.kept:
            if owner is network and stack[0][0].states.num_sequences >= self.num_sequences:
                return tuple(
                    tuple(cell.first(self.num_sequences) for cell in level) for level in stack
                )
        stack = linearise_stack(network, run_network(network.layers, self.x_TBI, self.lengths_B))
        if not self.kept:
            self.kept.append((network, stack))
        return stack


def linearise_stack(
    network: ReplayableNetwork, stack: tuple[tuple[DirectionStates, ...], ...]
) -> Stack:
    with torch.no_grad():
        return tuple(
            tuple(as_layer(module).linearise(states) for states in level)
            for module, level in zip(network.layers, stack, strict=True)
        )


def enough_sequences(sample: ProbeSample, *, num_timesteps: int, most: int) -> int:
    """Enough sequences for `num_timesteps` timesteps, at least two and at most `most`."""
    return min(most, max(2, -(-num_timesteps // sample.x_TBI.shape[0])))


def valid_states(values_PBF: Tensor, lengths_B: Tensor) -> Tensor:
    """(valid timesteps, features): the same set of rows in natural and in reading order."""
    num_timesteps = values_PBF.shape[0]
    if bool((lengths_B == num_timesteps).all()):
        return values_PBF.flatten(0, 1)
    t_P1 = torch.arange(num_timesteps, device=lengths_B.device)[:, None]
    return values_PBF[t_P1 < lengths_B]


def deviations(stack: Stack, lengths_B: Tensor) -> tuple[tuple[Tensor, ...], ...]:
    """Standard deviation of each state coordinate over valid timesteps and sequences."""
    return tuple(tuple(_deviation(cell, lengths_B) for cell in level) for level in stack)


def _deviation(cell: Linearisation, lengths_B: Tensor) -> Tensor:
    parts = []
    for part_PBH in cell.state_parts:
        rows_FH = valid_states(part_PBH, lengths_B)
        variance_H = rows_FH.square().mean(dim=0) - rows_FH.mean(dim=0).square()
        parts.append(variance_H.clamp(min=0).sqrt())
    return torch.cat(parts)


def is_finite(stack: Stack) -> bool:
    """False for a network that has diverged on the sample: its gradients mean nothing."""
    return all(
        bool(part_PBH.sum().isfinite())
        for level in stack
        for cell in level
        for part_PBH in cell.state_parts
    )


def every_last(lengths_B: Tensor) -> Anchors:
    """One anchor a sequence, at its last valid timestep."""
    sequence_B = torch.arange(lengths_B.shape[0], device=lengths_B.device)
    return Anchors(sequence_N=sequence_B, timestep_N=lengths_B - 1, length_N=lengths_B)
