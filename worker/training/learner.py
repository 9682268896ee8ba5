"""What is trained: the network, its optimizer, and what a step does with them.

It knows nothing of instruments, failures and checkpoints; loop.py does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from app.domain.specs.job import JobSpec
from worker.datasets.task import Batch, Task
from worker.gradients import tensor_norms
from worker.models.layers import Chunking, detached
from worker.seeding import torch_generator
from worker.training.gradient import StepGradient
from worker.training.optimizers import make_optimizer, set_learning_rate
from worker.training.penalties import add_penalty_gradients_
from worker.training.preparation import prepared_model

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True, kw_only=True)
class _Before:
    """What an update changes, as it was."""

    weights: list[Tensor]
    optimizer_state: dict[Tensor, dict[str, Any]]


class Learner:
    """One network in training; every step is a pure function of it, the spec and the step."""

    def __init__(self, spec: JobSpec, task: Task, *, device: torch.device) -> None:
        self.spec, self.task, self.device = spec, task, device
        self.dtype = DTYPES[spec.training.precision]
        self.model = prepared_model(spec, task, device=device, dtype=self.dtype)
        self.tensor_names, self.parameters = zip(*self.model.named_tensors(), strict=True)
        #: The memory of the parameters, outside of autograd.
        self.weights = [parameter.detach() for parameter in self.parameters]
        self.optimizer = make_optimizer(spec.optimizer, self.parameters)
        self._change = [torch.empty_like(weight) for weight in self.weights]
        self._before: _Before | None = None

    def named_weights(self) -> dict[str, Tensor]:
        return dict(zip(self.tensor_names, self.weights, strict=True))

    def batch(self, step: int) -> Batch:
        training = self.spec.training
        batch = self.task.training_batch(step, batch_size=training.batch_size, seed=training.seed)
        return batch.to(self.device, self.dtype)

    def loss(self, batch: Batch, step: int) -> Tensor:
        """Mean over the batch's loss terms, without penalties."""
        training, generator = self.spec.training, None
        if self.model.dropout > 0:
            generator = torch_generator(training.seed, "dropout", step, device=self.device)
        chunking = None
        if training.bptt_length is not None:
            chunking = Chunking(length=training.bptt_length, at_boundary=detached)
        outputs = self.model(
            batch.inputs_TBI, batch.lengths_B, dropout_generator=generator, chunking=chunking
        )
        return self.task.mean_loss(outputs, batch)

    def gradients(self) -> list[Tensor]:
        """The gradient of each tensor, as it is now."""
        return [weight.grad for weight in self.parameters if weight.grad is not None]

    def gradient(self) -> StepGradient:
        """What the backward pass has left, with the gradient of the penalties."""
        tensors = self.gradients()
        add_penalty_gradients_(tensors, self.weights, self.spec.regularization)
        return StepGradient.measured(tensors)

    def scheduled_rate(self, step: int) -> float:
        num_steps = self.spec.training.num_steps
        return self.spec.optimizer.rate_at(step, num_steps=num_steps)

    def weight_norms(self) -> Sequence[Tensor]:
        return tensor_norms(self.weights)

    def update(self, rate: float, *, can_undo: bool = False) -> Sequence[Tensor]:
        """Change the weights. Returns the norm of each tensor's change.

        With `can_undo` the weights and the optimizer's state are copied first, for `undo_update`.
        """
        self._before = self._copied() if can_undo else None
        set_learning_rate(self.optimizer, rate)
        torch._foreach_copy_(self._change, self.weights)
        self.optimizer.step()
        torch._foreach_sub_(self._change, self.weights)
        return tensor_norms(self._change)

    def undo_update(self) -> None:
        """Restore weights and optimizer as they were before the last update.

        Raises RuntimeError where that update was made without `can_undo`.
        """
        if self._before is None:
            msg = "the last update was made without can_undo"
            raise RuntimeError(msg)
        torch._foreach_copy_(self.weights, self._before.weights)
        self.optimizer.state.clear()
        self.optimizer.state.update(self._before.optimizer_state)
        self._before = None

    def _copied(self) -> _Before:
        return _Before(
            weights=[weight.clone() for weight in self.weights],
            optimizer_state={
                parameter: {
                    name: value.clone() if isinstance(value, Tensor) else value
                    for name, value in state.items()
                }
                for parameter, state in self.optimizer.state.items()
            },
        )

    def drop_gradient(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)

    def is_finite(self) -> bool:
        """Whether all weights are. Waits for the device."""
        return bool(torch.isfinite(torch.stack(tensor_norms(self.weights))).all())
