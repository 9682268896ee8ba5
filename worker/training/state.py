"""All of a run that changes from step to step, as one thing that can be saved and restored."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Optimizer

from app.domain.checkpoints import Takes
from worker.gradients import tensor_norms
from worker.training.checkpoint import (
    OPTIMIZER,
    WEIGHTS,
    Checkpoint,
    Notes,
    Start,
    copy_weights_,
    optimizer_state,
    optimizer_tensors,
)
from worker.training.fingerprint import take_fingerprint
from worker.training.instability import InstabilityGuard
from worker.training.observation import Observer


@dataclass(kw_only=True)
class TrainingState:
    """Of one run; the parts are the loop's own."""

    weights: Mapping[str, Tensor]
    optimizer: Optimizer
    guard: InstabilityGuard
    observer: Observer
    #: Where the first value that is not finite came from has been told.
    is_origin_known: bool = False
    #: Of training before this attempt.
    earlier_s: float = 0.0

    def checkpoint(self, *, steps_done: int, elapsed_s: float, device: torch.device) -> Checkpoint:
        best = self.observer.best
        notes = Notes(
            format=2 if best.is_kept else 1,
            step=steps_done,
            elapsed_s=elapsed_s,
            is_origin_known=self.is_origin_known,
            guard=self.guard.notes(),
            schedule=self.observer.notes(),
            best=best.notes(),
            fingerprint=take_fingerprint(device),
        )
        tensors = {
            **{f"{WEIGHTS}/{name}": weight for name, weight in self.weights.items()},
            **optimizer_tensors(self.optimizer.state_dict(), under=OPTIMIZER),
            **self.guard.tensors(),
            **best.tensors(),
        }
        return Checkpoint(notes=notes, tensors=tensors)

    def restore(self, start: Start) -> None:
        """Raises Damaged where the checkpoint is not one of this network."""
        checkpoint, notes = start.checkpoint, start.checkpoint.notes
        copy_weights_(self.weights, checkpoint.part(WEIGHTS))
        if start.takes is not Takes.WEIGHTS:
            saved = checkpoint.part(OPTIMIZER)
            self.optimizer.load_state_dict(optimizer_state(self.optimizer, saved))
        if start.takes is Takes.ALL:
            self.guard.restore(checkpoint)
            self.observer.restore(checkpoint, device=next(iter(self.weights.values())).device)
            self.is_origin_known, self.earlier_s = notes.is_origin_known, notes.elapsed_s
        self.observer.follow(start.followed_steps)

    def is_finite(self) -> bool:
        """A sync point on a GPU."""
        norms = torch.stack(tensor_norms(list(self.weights.values())))
        return bool(torch.isfinite(norms).all())
