"""All of a run that changes from step to step, as one thing that can be saved and restored."""

from dataclasses import dataclass

from app.domain.checkpoints import CheckpointParts
from worker.training.checkpoint import (
    OPTIMIZER,
    WEIGHTS,
    Checkpoint,
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

    def is_due(self) -> bool:
        return self._saving.is_due()

    def save(self, steps_done: int) -> None:
        """Waits for the device."""
        if steps_done != self._saved_at:
            self._saved_at = steps_done
            self._saving.keep(steps_done, pack(self._state.checkpoint(steps_done=steps_done)))
