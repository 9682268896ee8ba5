"""Anchors: single loss terms of single sequences, from which the gradient is followed back in time.

The gradient of a loss over all timesteps is flat over time even where credit vanishes, so each
anchor injects at one timestep alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.cells.states import DirectionStates
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: Evenly spaced loss terms of one sequence of a many-to-many task. With twelve a probe costs a
#: quarter more and the horizon is not steadier on every text; one term of four times the sequences
#: costs more still.
ANCHORS_PER_SEQUENCE = 4


@dataclass(frozen=True, kw_only=True)
class Anchors:
    sequence_N: Tensor
    #: Natural position of the loss term.
    timestep_N: Tensor
    #: Length of the anchor's sequence.
    length_N: Tensor

    def reading_position(self, direction: str, *, many_to_one: bool) -> Tensor:
        """Position, in a direction's reading order, of the state that the read-out uses."""
        if direction == "forward":
            return self.timestep_N
        return self.length_N - 1 if many_to_one else self.length_N - 1 - self.timestep_N


def sequences_needed(max_anchors: int, *, many_to_one: bool) -> int:
    return max_anchors if many_to_one else -(-max_anchors // ANCHORS_PER_SEQUENCE)


def choose_anchors(sample: ProbeSample, *, many_to_one: bool) -> Anchors:
    """The last valid timestep for many-to-one, else evenly spaced loss terms, the last included."""
    lengths_B = sample.valid_lengths()
    sequence_B = torch.arange(sample.num_sequences, device=lengths_B.device)
    if many_to_one:
        return Anchors(sequence_N=sequence_B, timestep_N=lengths_B - 1, length_N=lengths_B)
    ranked_TB, count_B = _ranked_terms(sample, lengths_B)
    share_K1 = torch.arange(1, ANCHORS_PER_SEQUENCE + 1, device=lengths_B.device)[:, None]
    rank_KB = -(-share_K1 * count_B // ANCHORS_PER_SEQUENCE) - 1
    timestep_KB = ranked_TB.gather(0, rank_KB.clamp(min=0))
    is_new_KB = torch.ones_like(rank_KB, dtype=torch.bool)
    is_new_KB[1:] = rank_KB[1:] != rank_KB[:-1]
    is_new_KB &= count_B > 0
    sequence_N = sequence_B.expand_as(rank_KB)[is_new_KB]
    return Anchors(
        sequence_N=sequence_N, timestep_N=timestep_KB[is_new_KB], length_N=lengths_B[sequence_N]
    )


def _ranked_terms(sample: ProbeSample, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
    """Per sequence the timesteps that carry a loss term, earliest first, and how many there are."""
    num_timesteps = sample.x_TBI.shape[0]
    t_T1 = torch.arange(num_timesteps, device=lengths_B.device)[:, None]
    counts_TB = t_T1 < lengths_B
    if sample.counted_TB is not None:
        counts_TB = counts_TB & sample.counted_TB
    ranked_TB = torch.where(counts_TB, t_T1, num_timesteps).argsort(dim=0, stable=True)
    return ranked_TB, counts_TB.sum(dim=0)


def read_states(top: tuple[DirectionStates, ...], anchors: Anchors, *, many_to_one: bool) -> Tensor:
    """(N, D·H) input of the read-out at each anchor."""
    halves = []
    for states in top:
        position_N = anchors.reading_position(states.direction, many_to_one=many_to_one)
        halves.append(states.hidden_PBH[position_N, anchors.sequence_N])
    return torch.cat(halves, dim=-1)


def loss_cotangents(
    network: ReplayableNetwork, sample: ProbeSample, anchors: Anchors, states_ND: Tensor
) -> Tensor:
    """∂ℓ_n/∂output_n (N, O): autograd on the loss alone, at outputs in double precision."""
    readout = network.readout
    outputs_NO = states_ND @ readout.weight.detach().double().T
    if readout.bias is not None:
        outputs_NO = outputs_NO + readout.bias.detach().double()
    outputs_NO.requires_grad_()
    picked = anchors.sequence_N
    targets = (
        sample.targets[picked]
        if network.many_to_one
        else sample.targets[anchors.timestep_N, picked]
    )
    with torch.enable_grad():
        losses_N = sample.loss_terms(outputs_NO, targets)
        (cotangent_NO,) = torch.autograd.grad(losses_N.sum(), outputs_NO)
    return cotangent_NO
