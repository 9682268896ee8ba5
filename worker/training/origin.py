"""Finds where the first number that is not finite arose, by repeating the step by timesteps.

Shapes: T timesteps, B sequences.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from app.domain.quantities.trained import (
    NON_FINITE_BATCH_ROW,
    NON_FINITE_TIMESTEP,
    NON_FINITE_WHERE,
)
from app.domain.scopes import Scope
from app.domain.telemetry import PLACES, Place, ScalarReading
from worker.cells.layer import State
from worker.datasets.task import Batch, Task
from worker.models.layers import Chunking, read_layer
from worker.models.network import SequenceModel

#: Sequences of the batch that are listed at most.
MAX_ROWS = 16


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The first place, in the order of computation, that is not finite."""

    where: Place
    #: The model, a layer or a tensor.
    scope: Scope
    #: None if the place has no time.
    timestep: int | None = None
    batch_rows: tuple[int, ...] = ()


def readings_of(origin: Origin, *, step: int) -> tuple[ScalarReading, ...]:
    """One reading per fact, and one `non_finite.batch_row` per row."""
    values: list[tuple[str, int]] = [(NON_FINITE_WHERE, PLACES.index(origin.where))]
    if origin.timestep is not None:
        values.append((NON_FINITE_TIMESTEP, origin.timestep))
    values += [(NON_FINITE_BATCH_ROW, row) for row in origin.batch_rows]
    return tuple(
        ScalarReading(step=step, quantity=quantity, scope=origin.scope, value=float(value))
        for quantity, value in values
    )


def find_origin(model: SequenceModel, task: Task, batch: Batch) -> Origin:
    """For a step whose loss or gradient is not finite, before its update."""
    bad_weight = next(
        (name for name, weight in model.named_tensors() if not _is_finite(weight)), None
    )
    if bad_weight is not None:
        return Origin(where="optimizer", scope=Scope.tensor(bad_weight))
    bad_TB = ~torch.isfinite(batch.inputs_TBI).all(dim=-1)
    if bad_TB.any():
        return _first_in_time("input", Scope.model(), bad_TB)
    return _in_forward(model, task, batch) or _in_backward(model, task, batch)


def _in_forward(model: SequenceModel, task: Task, batch: Batch) -> Origin | None:
    with torch.no_grad():
        x_TBI = batch.inputs_TBI
        for index in range(len(model.layers)):
            layer = model.layer(index)
            x_TBI = read_layer(layer, x_TBI, lengths_B=batch.lengths_B, chunking=None)
            bad_TB = ~torch.isfinite(x_TBI).all(dim=-1)
            if bad_TB.any():
                return _first_in_time("forward", Scope.layer(index), bad_TB)
        outputs = model(batch.inputs_TBI, batch.lengths_B)
        if not _is_finite(outputs):
            return Origin(where="forward", scope=Scope.tensor("readout.weight"))
        terms_N, _ = task.loss_terms(outputs, batch)
    if _is_finite(terms_N):
        return None
    rows = torch.nonzero(~torch.isfinite(terms_N)).flatten() % batch.num_sequences
    return Origin(where="loss", scope=Scope.model(), batch_rows=_named(rows))


def _in_backward(model: SequenceModel, task: Task, batch: Batch) -> Origin:
    """The latest timestep with a bad gradient, which the backward pass meets first."""
    places, states = _states_of_each_timestep(model, task, batch)
    for (scope, timestep), bad_B in reversed(list(zip(places, states, strict=True))):
        if bad_B.any():
            rows = _named(torch.nonzero(bad_B).flatten())
            return Origin(where="backward", scope=scope, timestep=timestep, batch_rows=rows)
    return Origin(where="backward", scope=_bad_gradient(model))


def _states_of_each_timestep(
    model: SequenceModel, task: Task, batch: Batch
) -> tuple[list[tuple[Scope, int]], list[Tensor]]:
    """(scope, timestep) of each state, and the rows (B,) of its gradient that are not finite."""
    kept: list[tuple[int, State]] = []

    def keep(state: State, position: int) -> State:
        kept.append((position, state))
        return state

    outputs = model(
        batch.inputs_TBI, batch.lengths_B, chunking=Chunking(length=1, at_boundary=keep)
    )
    parts = [part for _, state in kept for part in state]
    loss = task.mean_loss(outputs, batch)
    # the gradients of the parameters are not changed
    gradients = iter(torch.autograd.grad(loss, parts, allow_unused=True)) if parts else iter(())
    num_timesteps = batch.inputs_TBI.shape[0]
    num_directions = 1 + model.bidirectional
    places, bad = [], []
    for index, (position, state) in enumerate(kept):
        layer, is_reverse = divmod(index // (num_timesteps - 1), num_directions)
        scope = Scope.layer(layer, "reverse" if is_reverse else "forward")
        places.append((scope, num_timesteps - position if is_reverse else position - 1))
        bad.append(_bad_rows([next(gradients) for _ in state], like=state[0]))
    return places, bad


def _bad_rows(gradients: list[Tensor | None], *, like: Tensor) -> Tensor:
    bad_B = torch.zeros(like.shape[1], dtype=torch.bool, device=like.device)
    for gradient_1BH in gradients:
        if gradient_1BH is not None:
            bad_B |= ~torch.isfinite(gradient_1BH[0]).all(dim=-1)
    return bad_B


def _bad_gradient(model: SequenceModel) -> Scope:
    """Where the gradients of all states are finite, but not their sum, or not a penalty's."""
    for name, parameter in model.named_tensors():
        if parameter.grad is not None and not _is_finite(parameter.grad):
            return Scope.tensor(name)
    return Scope.model()


def _first_in_time(where: Place, scope: Scope, bad_TB: Tensor) -> Origin:
    timestep = int(torch.nonzero(bad_TB.any(dim=1))[0])
    rows = torch.nonzero(bad_TB[timestep]).flatten()
    return Origin(where=where, scope=scope, timestep=timestep, batch_rows=_named(rows))


def _named(rows: Tensor) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(row) for row in rows))[:MAX_ROWS]


def _is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())
