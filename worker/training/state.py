"""All of a run that changes from step to step, as one thing that can be saved and restored."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from app.domain.checkpoints import CheckpointParts
from worker.training.checkpoint import (
    OPTIMIZER,
    WEIGHTS,
    Checkpoint,
    GuardNotes,
    Notes,
    Saving,
    Start,
    copy_weights_,
    optimizer_state,
    optimizer_tensors,
    pack,
)
from worker.training.fingerprint import take_fingerprint
from worker.training.instability import InstabilityGuard
from worker.training.learner import Learner
from worker.training.observation import Observer
from worker.training.stopwatch import Stopwatch


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """The parts of one run that a checkpoint is made of."""

    learner: Learner
    guard: InstabilityGuard
    observer: Observer
    stopwatch: Stopwatch

    def checkpoint(self, *, steps_done: int) -> Checkpoint:
        best = self.observer.best
        notes = Notes(
            format=2 if best.is_kept else 1,
            step=steps_done,
            elapsed_s=self.stopwatch.elapsed_s(),
            is_origin_known=self.guard.is_origin_known,
            guard=self.guard.notes(),
            schedule=self.observer.notes(),
            best=best.notes(),
            fingerprint=take_fingerprint(self.learner.device),
        )
        weights = self.learner.named_weights()
        tensors = {
            **{f"{WEIGHTS}/{name}": weight for name, weight in weights.items()},
            **optimizer_tensors(self.learner.optimizer.state_dict(), under=OPTIMIZER),
            **self.guard.tensors(),
            **best.tensors(),
        }
        return Checkpoint(notes=notes, tensors=tensors)

    def optimizer_copy(self) -> dict[str, Tensor]:
        """The optimizer's state, named as in a checkpoint."""
        state = optimizer_tensors(self.learner.optimizer.state_dict(), under=OPTIMIZER)
        return {name: tensor.clone() for name, tensor in state.items()}

    def best_checkpoint(self, optimizer: Mapping[str, Tensor]) -> Checkpoint | None:
        """Returns the state of the best step, of which `optimizer` was copied then.

        It has weights and optimizer alone, which are what a fork takes.
        """
        best = self.observer.best.known
        if best is None:
            return None
        notes = Notes(
            step=best.score.step,
            elapsed_s=self.stopwatch.elapsed_s(),
            is_origin_known=False,
            guard=GuardNotes(rate_factor=1.0, num_skipped=0, num_rollbacks=0, num_snapshots=0),
            schedule=self.observer.notes(),
            fingerprint=take_fingerprint(self.learner.device),
        )
        weights = {f"{WEIGHTS}/{name}": weight for name, weight in best.tensors.items()}
        return Checkpoint(notes=notes, tensors={**weights, **optimizer})

    def restore(self, start: Start) -> None:
        """Raises Damaged where the checkpoint is not one of this network."""
        checkpoint, optimizer = start.checkpoint, self.learner.optimizer
        copy_weights_(self.learner.named_weights(), checkpoint.part(WEIGHTS))
        if start.takes is not CheckpointParts.WEIGHTS:
            saved = checkpoint.part(OPTIMIZER)
            optimizer.load_state_dict(optimizer_state(optimizer, saved))
        if start.takes is CheckpointParts.ALL:
            self.guard.restore(checkpoint)
            self.observer.restore(checkpoint, device=self.learner.device)
            self.stopwatch.earlier_s = checkpoint.notes.elapsed_s
        self.observer.follow(start.followed_steps)


class CheckpointSaver:
    """Saves a run's state after a flush, and never the same step twice."""

    def __init__(self, saving: Saving, state: TrainingState, *, start: Start | None) -> None:
        """Continues from the checkpoint of the start, if there is one. Raises Damaged."""
        self._saving = saving
        self._state = state
        self.first_step = 0
        if start is not None:
            state.restore(start)
            self.first_step = start.checkpoint.notes.step
        self._saved_at = self.first_step
        #: Of the best step; None where it is saved, or is a step that an earlier attempt saved.
        self._best_optimizer: Mapping[str, Tensor] | None = None

    def is_due(self) -> bool:
        return self._saving.is_due()

    def note_best(self, step: int) -> None:
        """Copies the optimizer's state if the weights at the start of this step are the best.

        The initial weights follow from the seed.
        """
        best = self._state.observer.best.known
        if step > 0 and best is not None and best.score.step == step:
            self._best_optimizer = self._state.optimizer_copy()

    def save_best(self) -> None:
        """Saves the state of the best step, once. Waits for the device."""
        if self._best_optimizer is None:
            return
        best = self._state.best_checkpoint(self._best_optimizer)
        self._best_optimizer = None
        if best is not None:
            self._saving.keep_best(best.notes.step, pack(best))

    def save(self, steps_done: int) -> None:
        """Saves the present state, and before it that of the best step. Waits for the device."""
        if steps_done != self._saved_at:
            self._saved_at = steps_done
            self.save_best()
            self._saving.keep(steps_done, pack(self._state.checkpoint(steps_done=steps_done)))
