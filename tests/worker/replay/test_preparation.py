"""Probes of one moment share what is linearised."""

import copy

import pytest
import torch

from app.domain.specs.base import kind_of
from app.domain.specs.model import CELLS
from tests.numerics.networks import network_of, sample_for
from worker.cells.linearisation import Linearisation
from worker.replay.preparation import SharedSample, Stack, blocks, linearise_network


def storage_of(stack: Stack) -> int:
    return stack[0][0].states.hidden_PBH.untyped_storage().data_ptr()


def backward(cell: Linearisation) -> tuple[torch.Tensor, torch.Tensor]:
    num_sequences = cell.states.num_sequences
    adjoint_NS = torch.ones(num_sequences, cell.state_size, dtype=torch.float64)
    return cell.backward(5, slice(num_sequences), adjoint_NS)


@pytest.mark.parametrize("kind", [kind_of(cell) for cell in CELLS])
def test_the_first_sequences_are_cut_from_what_is_there(kind: str) -> None:
    network = network_of(kind, num_layers=2, bidirectional=True)
    sample = sample_for(network, num_timesteps=12, batch_size=6, varied=True)
    shared = SharedSample.of(sample)

    whole = linearise_network(network, shared)
    few = linearise_network(network, shared.take(0, 3, many_to_one=True))
    alone = linearise_network(network, sample.take(0, 3, many_to_one=True))

    assert storage_of(few) == storage_of(whole)
    for few_level, level in zip(few, alone, strict=True):
        for one, other in zip(few_level, level, strict=True):
            torch.testing.assert_close(backward(one), backward(other), rtol=1e-5, atol=1e-6)
            torch.testing.assert_close(one.gates(), other.gates(), rtol=1e-5, atol=1e-6)


def test_more_sequences_others_or_another_network_are_linearised_anew() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=12, batch_size=6)
    shared = SharedSample.of(sample)

    few = linearise_network(network, shared.take(0, 3, many_to_one=True))
    others = linearise_network(network, shared.take(3, 6, many_to_one=True))
    exact = linearise_network(copy.deepcopy(network), shared.take(0, 3, many_to_one=True))
    whole = linearise_network(network, shared)

    assert len({storage_of(stack) for stack in (few, others, exact, whole)}) == 4
    assert whole[0][0].states.num_sequences == 6


def test_what_is_linearised_first_is_kept_whoever_comes_next() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=12, batch_size=6)
    shared = SharedSample.of(sample)

    first = linearise_network(network, shared.take(0, 3, many_to_one=True))
    linearise_network(network, shared)
    again = linearise_network(network, shared.take(0, 2, many_to_one=True))

    assert storage_of(again) == storage_of(first)


def test_a_sample_that_would_make_two_blocks_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=12, batch_size=6)
    bytes_a_sequence = 8 * 12 * 15 * 6

    def sizes(num_sequences_a_block: int) -> list[int]:
        limit = num_sequences_a_block * bytes_a_sequence
        monkeypatch.setattr("worker.replay.preparation.MAX_BLOCK_BYTES", limit)
        return [part.num_sequences for part in blocks(network, sample, anchors_per_sequence=1)]

    assert sizes(3) == [6]
    assert sizes(2) == [2, 2, 2]
