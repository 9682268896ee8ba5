"""Follows loss terms back through a network: the traces of all anchors of a sample."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.domain.telemetry import Cotangent, IntArray
from worker.replay.anchors import (
    ANCHORS_PER_SEQUENCE,
    choose_anchors,
    loss_cotangents,
    read_states,
)
from worker.replay.network import AnchorReplay, ScopeTrace, trace_scopes
from worker.replay.preparation import blocks, deviations, is_finite, linearise_network
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: RMS of ∂ℓ/∂output. A smaller one is the rounding error of a float32 network that solved its task.
MIN_COTANGENT = 1e-6


@dataclass(frozen=True, kw_only=True)
class ReplayedBlock:
    """The traces of one block of sequences: of the model, then of each layer and direction."""

    scopes: tuple[ScopeTrace, ...]
    sequence_N: IntArray
    cotangent: Cotangent


def replay_anchors(
    model: ReplayableNetwork,
    sample: ProbeSample,
    random: np.random.Generator,
    *,
    bptt_length: int | None = None,
) -> tuple[ReplayedBlock, ...]:
    """Follow all anchors of a sample back; nothing where states or losses are not finite."""
    replayed: list[ReplayedBlock] = []
    first_sequence = 0
    for part in anchored_blocks(model, sample):
        cotangent = replayed[0].cotangent if replayed else None
        block = _replay(
            model,
            part,
            random,
            cotangent,
            first_sequence=first_sequence,
            bptt_length=bptt_length,
        )
        if block is None:
            return ()
        replayed.append(block)
        first_sequence += part.num_sequences
    return tuple(replayed)


def anchored_blocks(model: ReplayableNetwork, sample: ProbeSample) -> Iterator[ProbeSample]:
    per_sequence = 1 if model.many_to_one else ANCHORS_PER_SEQUENCE
    return blocks(model, sample, anchors_per_sequence=per_sequence)


def _replay(
    model: ReplayableNetwork,
    sample: ProbeSample,
    random: np.random.Generator,
    cotangent: Cotangent | None,
    *,
    first_sequence: int,
    bptt_length: int | None,
) -> ReplayedBlock | None:
    """Traces of one block. The first block decides whether the loss still has a direction."""
    stack = linearise_network(model, sample)
    anchors = choose_anchors(sample, many_to_one=model.many_to_one)
    if not is_finite(stack) or anchors.sequence_N.numel() == 0:
        return None
    top = tuple(cell.states for cell in stack[-1])
    states_ND = read_states(top, anchors, many_to_one=model.many_to_one)
    gradient_NO = loss_cotangents(model, sample, anchors, states_ND)
    if not bool(gradient_NO.isfinite().all()):
        return None
    if cotangent is None:
        rms = float(gradient_NO.square().sum(dim=1).mean().sqrt())
        cotangent = "loss" if rms > MIN_COTANGENT else "random"
    if cotangent == "random":
        gradient_NO = _random_directions(gradient_NO, random)
    replay = AnchorReplay(
        stack=stack,
        anchors=anchors,
        readout_gradient_ND=gradient_NO @ model.readout.weight.detach().double(),
        many_to_one=model.many_to_one,
        deviations=deviations(stack, sample.valid_lengths()),
        bptt_length=bptt_length,
    )
    sequence_N = anchors.sequence_N.cpu().numpy().astype(np.int32) + first_sequence
    with torch.no_grad():
        return ReplayedBlock(
            scopes=trace_scopes(replay), sequence_N=sequence_N, cotangent=cotangent
        )


def _random_directions(like_NO: Tensor, random: np.random.Generator) -> Tensor:
    """Unit vectors, uniform on the sphere of the outputs."""
    drawn_NO = torch.from_numpy(random.standard_normal(tuple(like_NO.shape)))
    return torch.nn.functional.normalize(drawn_NO, dim=1).to(like_NO.device)
