"""States of training in memory, to which the policy `rollback` returns.

They are saved at fixed steps, unlike checkpoints, whose steps depend on the wall clock: a run that
continues from a checkpoint returns to the same states as one that was never interrupted.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from worker.training.checkpoint import (
    OPTIMIZER,
    SNAPSHOT,
    WEIGHTS,
    Checkpoint,
    StateNotes,
    optimizer_state,
    optimizer_tensors,
)

#: Steps between two saved states. A rollback returns to the older of the last two.
SAVE_EVERY_STEPS = 50
#: A state whose loss is more than so many times the least loss of a saved one is ruined already,
#: although its numbers are finite, and is not saved.
MAX_LOSS_RATIO = 10.0
#: Of a state that an earlier release saved without its step and loss.
_UNKNOWN = StateNotes(step=None, loss=None)


@dataclass(frozen=True, kw_only=True)
class _State:
    notes: StateNotes
    weights: list[Tensor]
    optimizer_state: dict[str, Any]


class SavedStates:
    """At most two states of one run, the older one first."""

    def __init__(self, *, weights: Sequence[nn.Parameter], optimizer: Optimizer) -> None:
        self._weights = weights
        self._optimizer = optimizer
        self._states: list[_State] = []

    def __bool__(self) -> bool:
        return bool(self._states)

    def consider(self, step: int, loss: float) -> None:
        """Saves the state in which `step` starts, if that is due and its loss is not ruined."""
        is_due = step % SAVE_EVERY_STEPS == 0 and not self._is_ruined(loss)
        if is_due or not self._states:
            self._states = [*self._states[-1:], self._present(StateNotes(step=step, loss=loss))]

    def return_to_older(self) -> int | None:
        """Restores the older state and forgets the other; returns its step if it is known."""
        state = self._states[0]
        with torch.no_grad():
            for weight, earlier in zip(self._weights, state.weights, strict=True):
                weight.copy_(earlier)
        self._optimizer.load_state_dict(copy.deepcopy(state.optimizer_state))
        self._states = [state]
        return state.notes.step

    def notes(self) -> tuple[StateNotes, ...]:
        return tuple(state.notes for state in self._states)

    def tensors(self) -> Mapping[str, Tensor]:
        """The states, named as in a checkpoint."""
        found: dict[str, Tensor] = {}
        for number, state in enumerate(self._states):
            under = f"{SNAPSHOT}/{number}"
            found |= {f"{under}/{WEIGHTS}/{i}": weight for i, weight in enumerate(state.weights)}
            found |= optimizer_tensors(state.optimizer_state, under=f"{under}/{OPTIMIZER}")
        return found

    def restore(self, checkpoint: Checkpoint) -> None:
        notes = checkpoint.notes.guard
        known = notes.states or (_UNKNOWN,) * notes.num_snapshots
        self._states = [
            self._saved_in(checkpoint, number, state) for number, state in enumerate(known)
        ]

    def _is_ruined(self, loss: float) -> bool:
        known = [state.notes.loss for state in self._states if state.notes.loss is not None]
        least = min(known, default=loss)
        return least > 0 and loss > MAX_LOSS_RATIO * least

    def _present(self, notes: StateNotes) -> _State:
        return _State(
            notes=notes,
            weights=[weight.detach().clone() for weight in self._weights],
            optimizer_state=copy.deepcopy(self._optimizer.state_dict()),
        )

    def _saved_in(self, checkpoint: Checkpoint, number: int, notes: StateNotes) -> _State:
        saved = checkpoint.part(f"{SNAPSHOT}/{number}/{WEIGHTS}")
        state = optimizer_state(
            self._optimizer, checkpoint.part(f"{SNAPSHOT}/{number}/{OPTIMIZER}")
        )
        weights = [saved[str(i)].to(weight.device) for i, weight in enumerate(self._weights)]
        return _State(notes=notes, weights=weights, optimizer_state=state)
