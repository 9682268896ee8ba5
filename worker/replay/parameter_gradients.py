"""Gradients of a mean loss, once by the replay and once by autograd over the same sequences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from app.domain.scopes import Direction
from worker.cells.linearisation import Linearisation
from worker.cells.states import SUFFIXES
from worker.models.layers import reading_order, reorder
from worker.replay.adjoint import Injection, Scaled, Trace, normalised, propagate
from worker.replay.network import AnchorReplay, LayerCells, descend, norm_weights
from worker.replay.preparation import every_last, linearise_network
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.states import run_layer

Gradients = Mapping[tuple[int, str], Tensor]
Stack = tuple[LayerCells, ...]


@dataclass(frozen=True, kw_only=True)
class AutogradPass:
    #: By (layer, name of the tensor in its module), in the network's own precision.
    gradients: Gradients
    #: Gradient at the top layer's outputs.
    entering_TBD: Tensor


def mean_loss(network: ReplayableNetwork, sample: ProbeSample, top_TBD: Tensor) -> Tensor:
    """Mean over the loss terms that count, as training reduces it."""
    lengths_B = sample.valid_lengths()
    if network.many_to_one:
        sequence_B = torch.arange(sample.num_sequences, device=lengths_B.device)
        hidden_size = network.readout.in_features
        last_BD = top_TBD[lengths_B - 1, sequence_B]
        if _is_two_way(network):
            half = hidden_size // 2
            last_BD = torch.cat([last_BD[:, :half], top_TBD[0, :, half:]], dim=-1)
        return sample.loss_terms(network.readout(last_BD), sample.targets).mean()
    t_T1 = torch.arange(top_TBD.shape[0], device=lengths_B.device)[:, None]
    counts_TB = t_T1 < lengths_B
    if sample.counted_TB is not None:
        counts_TB = counts_TB & sample.counted_TB
    return sample.loss_terms(network.readout(top_TBD[counts_TB]), sample.targets[counts_TB]).mean()


def autograd_pass(network: ReplayableNetwork, sample: ProbeSample) -> AutogradPass:
    """Gradients by autograd through the network's modules; no `.grad` is written."""
    names, tensors = [], []
    for index, module in enumerate(network.layers):
        for name, parameter in module.named_parameters():
            names.append((index, name))
            tensors.append(parameter)
    # cuDNN has a backward pass in training mode only, and a probe changes no mode
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        top_TBD = sample.x_TBI
        for module in network.layers:
            top_TBD = run_layer(module, top_TBD, sample.lengths_B)
        loss = mean_loss(network, sample, top_TBD)
        entering_TBD, *gradients = torch.autograd.grad(loss, [top_TBD, *tensors])
    by_name = dict(zip(names, gradients, strict=True))
    return AutogradPass(gradients=by_name, entering_TBD=entering_TBD)


@dataclass(frozen=True, kw_only=True)
class CellTrace:
    """One direction of one layer followed back under the gradient of a whole mean loss."""

    cell: Linearisation
    #: (P, B, H) gradient from the read-out or the layer above, in reading order.
    entering: Scaled
    trace: Trace


def follow_back(
    stack: Stack,
    lengths_B: Tensor,
    entering_TBD: Tensor,
    *,
    bptt_length: int | None = None,
) -> Iterator[CellTrace]:
    """Traces of all layers from the gradient at the top layer's outputs, top layer first."""
    replay = AnchorReplay(
        stack=stack,
        anchors=every_last(lengths_B),
        readout_gradient_ND=entering_TBD.new_zeros(0, 0),
        many_to_one=False,
        deviations=(),
        bptt_length=bptt_length,
    )
    entering = _split(replay, entering_TBD.double())
    for level in reversed(range(len(stack))):
        traces = [
            _trace(replay, cell, part) for cell, part in zip(stack[level], entering, strict=True)
        ]
        for cell, part, trace in zip(stack[level], entering, traces, strict=True):
            yield CellTrace(cell=cell, entering=part, trace=trace)
        entering = descend(replay, level, traces) if level > 0 else []


def replayed_pass(
    network: ReplayableNetwork, sample: ProbeSample, entering_TBD: Tensor
) -> Gradients:
    """The same gradients by the backward recursion."""
    gradients: dict[tuple[int, str], Tensor] = {}
    with torch.no_grad():
        stack = linearise_network(network, sample)
        for one in follow_back(stack, sample.valid_lengths(), entering_TBD):
            gradients |= _of_direction(one.cell, one.trace)
    return gradients


def relative_error(replayed: Gradients, expected: Gradients, *, smallest: float = 0.0) -> float:
    """‖difference‖ / ‖expected‖ over all recurrent layers' tensors; 0 where both are zero.

    The denominator is at least `smallest`.
    """
    pairs = [(replayed[key].double(), value.double()) for key, value in expected.items()]
    apart = torch.stack([(own - other).norm() for own, other in pairs]).norm()
    size = torch.stack([other.norm() for _, other in pairs]).norm().clamp(min=smallest)
    return float(apart / size) if size > 0 else float(apart)


def _is_two_way(network: ReplayableNetwork) -> bool:
    return any("_reverse" in name for name, _ in network.layers.named_parameters())


def _split(replay: AnchorReplay, entering_TBD: Tensor) -> list[Scaled]:
    top = replay.stack[-1]
    order_TN = reading_order(replay.anchors.length_N, entering_TBD.shape[0])
    parts = []
    for cell, half_TBH in zip(top, entering_TBD.chunk(len(top), dim=-1), strict=True):
        is_reverse = cell.states.direction == "reverse"
        mantissa = reorder(half_TBH, order_TN) if is_reverse else half_TBH
        plain = Scaled(mantissa=mantissa, log_scale=mantissa.new_zeros(mantissa.shape[:2]))
        # a scale of its own for each timestep: −inf where nothing enters
        parts.append(normalised(plain))
    return parts


def _trace(replay: AnchorReplay, cell: Linearisation, entering: Scaled) -> Trace:
    injection = Injection(
        sequence_N=replay.anchors.sequence_N,
        start_N=replay.anchors.length_N - 1,
        everywhere=entering,
    )
    even_S = entering.mantissa.new_ones(cell.state_size)
    weights_SQ = norm_weights(cell, even_S)
    return propagate(
        cell, injection, norm_weights_SQ=weights_SQ, keep_gates=True, cuts=replay.cuts(cell)
    )


def _of_direction(cell: Linearisation, trace: Trace) -> dict[tuple[int, str], Tensor]:
    """Σ_t δ_t x_tᵀ, Σ_t δ_t h_{t−1}ᵀ, Σ_t δ_t; a GRU's recurrent δ has the reset gate in it."""
    if trace.gates is None:
        msg = "the recursion keeps its gates"
        raise ValueError(msg)
    gates_RG = trace.gates.plain()
    recurrent_RG = cell.recurrent_side(gates_RG).flatten(0, 1)
    gates_RG = gates_RG.flatten(0, 1)
    states = cell.states
    direction: Direction = states.direction
    found = {
        "weight_ih": gates_RG.T @ states.x_PBI.flatten(0, 1),
        "weight_hh": recurrent_RG.T @ states.previous_PBH.flatten(0, 1),
        "bias_ih": gates_RG.sum(dim=0),
        "bias_hh": recurrent_RG.sum(dim=0),
    }
    suffix = SUFFIXES[direction]
    return {(states.layer, f"{name}_l0{suffix}"): value for name, value in found.items()}
