"""The replay's twin: every state and gate gets a zero of its own, and autograd does the rest.

One sequence and one timestep at a time, no closed form, no batching, no renormalisation.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from worker.models.network import SequenceModel
from worker.replay.sample import ProbeSample

Norms = dict[tuple[str, str], list[float]]
State = tuple[Tensor, ...]


@dataclass
class Direction:
    """One direction of one layer over one sequence, in natural positions."""

    weights: tuple[Tensor, Tensor, Tensor, Tensor]
    kind: str
    activation: str
    is_reverse: bool
    #: Places in reading order where the state is read without its gradient.
    cuts: frozenset[int] = frozenset()
    inputs: list[Tensor] = field(default_factory=list)
    hidden: dict[int, Tensor] = field(default_factory=dict)
    before: dict[int, State] = field(default_factory=dict)
    state_zeros: dict[int, State] = field(default_factory=dict)
    gate_zeros: dict[int, Tensor] = field(default_factory=dict)

    def positions(self) -> list[int]:
        order = list(range(len(self.inputs)))
        return order[::-1] if self.is_reverse else order

    def run(self) -> list[Tensor]:
        size = self.weights[1].shape[1]
        state: State = tuple(torch.zeros(size).double() for _ in range(1 + (self.kind == "lstm")))
        for place, t in enumerate(self.positions()):
            if place in self.cuts:
                state = tuple(part.detach() for part in state)
            self.before[t] = state
            self.gate_zeros[t] = torch.zeros(len(self.weights[0])).double().requires_grad_()
            state = self.step(self.inputs[t], state, self.gate_zeros[t])
            zeros = tuple(torch.zeros(size).double().requires_grad_() for _ in state)
            self.state_zeros[t] = zeros
            state = tuple(part + zero for part, zero in zip(state, zeros, strict=True))
            self.hidden[t] = state[0]
        return [self.hidden[t] for t in range(len(self.inputs))]

    def step(self, x: Tensor, state: State, zero: Tensor) -> State:
        w_ih, w_hh, b_ih, b_hh = self.weights
        from_input, from_state = w_ih @ x + b_ih + zero, w_hh @ state[0] + b_hh
        if self.kind == "lstm":
            i, f, g, o = (from_input + from_state).chunk(4)
            cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
            return o.sigmoid() * cell.tanh(), cell
        if self.kind == "gru":
            (a, b, c), (d, e, u) = from_input.chunk(3), from_state.chunk(3)
            keep = (b + e).sigmoid()
            return ((1 - keep) * (c + (a + d).sigmoid() * u).tanh() + keep * state[0],)
        drive = from_input + from_state
        return ({"tanh": drive.tanh(), "relu": drive.relu(), "linear": drive}[self.activation],)


def cuts_of(num_timesteps: int, bptt_length: int | None, *, is_reverse: bool) -> frozenset[int]:
    """Chunks end with the batch; a reverse direction reads them from there."""
    if bptt_length is None:
        return frozenset()
    ends = range(num_timesteps - bptt_length, 0, -bptt_length)
    return frozenset(num_timesteps - end for end in ends) if is_reverse else frozenset(ends)


def build(
    network: SequenceModel,
    x_TI: Tensor,
    *,
    num_timesteps: int = 0,
    bptt_length: int | None = None,
) -> list[list[Direction]]:
    """The whole network over one sequence of a batch of `num_timesteps`, states in hand."""
    inputs, stack = list(x_TI.double()), []
    for module in network.layers:
        p = {name: value.detach().double() for name, value in module.named_parameters()}
        suffixes = [s for s in ("", "_reverse") if f"weight_hh_l0{s}" in p]
        level = []
        for s in suffixes:
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            w = tuple(p[f"{name}_l0{s}"] for name in names)
            level.append(
                Direction(
                    weights=(w[0], w[1], w[2], w[3]),
                    kind=network.kind,
                    activation=network.nonlinearity,
                    is_reverse=s != "",
                    cuts=cuts_of(num_timesteps, bptt_length, is_reverse=s != ""),
                    inputs=inputs,
                )
            )
        outputs = [direction.run() for direction in level]
        inputs = [torch.cat(parts) for parts in zip(*outputs, strict=True)]
        stack.append(level)
    return stack


def gradient_norms(
    network: SequenceModel,
    sample: ProbeSample,
    b: int,
    t: int,
    *,
    bptt_length: int | None = None,
) -> Norms:
    """Norms by lag of the loss term of sequence b at timestep t, per (scope, path)."""
    length = int(sample.valid_lengths()[b])
    num_timesteps = sample.x_TBI.shape[0]
    stack = build(
        network, sample.x_TBI[:length, b], num_timesteps=num_timesteps, bptt_length=bptt_length
    )
    read_at = [length - 1 if not d.is_reverse else 0 for d in stack[-1]]
    read_at = read_at if network.many_to_one else [t] * len(read_at)
    read = torch.cat([d.hidden[p] for d, p in zip(stack[-1], read_at, strict=True)])
    output = network.readout.weight.detach().double() @ read + network.readout.bias.double()
    target = sample.targets[b] if network.many_to_one else sample.targets[t, b]
    loss = sample.loss_terms(output[None], target[None]).sum()
    norms: Norms = {}
    for k, level in enumerate(stack):
        for d, p in zip(level, read_at, strict=True):
            name = f"layer:{k}/reverse" if d.is_reverse else f"layer:{k}"
            norms[name, "total"] = [_norm(loss, d.state_zeros[q]) for q in _back_from(d, p)]
    lags = range(t + 1)
    zeros = [[d.gate_zeros[t - lag] for d in stack[0]] for lag in lags]
    norms["model", "total"] = [_norm(loss, tuple(pair)) for pair in zeros]
    entering = [*torch.autograd.grad(loss, read, retain_graph=True)[0].chunk(len(read_at))]
    for k in reversed(range(len(stack))):
        for n, (d, p) in enumerate(zip(stack[k], read_at, strict=True)):
            name = f"layer:{k}/reverse" if d.is_reverse else f"layer:{k}"
            norms[name, "within_layer"] = _alone(d, p, entering[n])
            entering[n] = _one_down(d, p, entering[n], n, len(read_at))
    return norms


def _back_from(direction: Direction, p: int) -> list[int]:
    order = direction.positions()
    return order[: order.index(p) + 1][::-1]


def _alone(direction: Direction, p: int, entering: Tensor) -> list[float]:
    """Nothing but the direction's own recurrence: its inputs are constants."""
    copy = Direction(
        weights=direction.weights,
        kind=direction.kind,
        activation=direction.activation,
        is_reverse=direction.is_reverse,
        cuts=direction.cuts,
        inputs=[x.detach() for x in direction.inputs],
    )
    copy.run()
    scalar = (copy.hidden[p] * entering.detach()).sum()
    return [_norm(scalar, copy.state_zeros[q]) for q in _back_from(copy, p)]


def _one_down(direction: Direction, p: int, entering: Tensor, n: int, parts: int) -> Tensor:
    """Gradient at this timestep's input, at the part that comes from the same direction below."""
    x = direction.inputs[p].detach().requires_grad_()
    state = tuple(part.detach() for part in direction.before[p])
    hidden = direction.step(x, state, direction.gate_zeros[p].detach())[0]
    below = torch.autograd.grad((hidden * entering.detach()).sum(), x)[0].chunk(parts)
    return below[n] if n < len(below) else below[0]


def _norm(scalar: Tensor, zeros: State) -> float:
    found = torch.autograd.grad(scalar, zeros, retain_graph=True, allow_unused=True)
    squares = [g.square().sum() for g in found if g is not None]
    return float(torch.stack(squares).sum().sqrt()) if squares else 0.0
