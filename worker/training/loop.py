"""Training, one optimizer step after the other."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import torch
from torch import Tensor

from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import ReadingBatch
from worker.aside import Aside, in_turn
from worker.datasets.task import Batch, Task
from worker.gradients import (
    count_non_finite,
    nonzero_counts,
    tensor_norms,
    total_norm,
)
from worker.models.layers import Chunking, detached
from worker.models.network import SequenceModel
from worker.regularisers.weights import add_penalty_gradients_
from worker.seeding import torch_generator
from worker.telemetry.recorder import Recorder, StepReading
from worker.training.best import ScoredWeights
from worker.training.checkpoint import NEVER, Saving, Start, pack
from worker.training.clipping import clip_
from worker.training.instability import InstabilityGuard, Response
from worker.training.observation import Observer
from worker.training.optimizers import make_optimizer, set_learning_rate
from worker.training.origin import find_origin, readings_of
from worker.training.preparation import prepared_model
from worker.training.state import TrainingState

DTYPES = {"float32": torch.float32, "float64": torch.float64}


class Interruption(Enum):
    """Why training stops where no StopReason says it."""

    #: The run goes on elsewhere, from the checkpoint that is left.
    PAUSED = auto()
    #: Only step 0 was wanted; the weights that it left are not measured.
    INITIAL_WEIGHTS_MEASURED = auto()


#: After these the last weights are not measured.
_WITHOUT_LAST_PROBE = frozenset(
    {StopReason.CANCELLED, Interruption.PAUSED, Interruption.INITIAL_WEIGHTS_MEASURED}
)


#: Asked before each step.
StopRequested = Callable[[], StopReason | Interruption | None]


@dataclass(frozen=True, kw_only=True)
class TrainingOutcome:
    """How training ended, and what it left."""

    stop_reason: StopReason | Interruption
    steps_done: int
    model: SequenceModel
    #: None where no evaluation on validation data was finite, or there is no such data.
    best: ScoredWeights | None
    #: One sentence for people where something went wrong.
    error: str | None = None


def train(
    spec: JobSpec,
    task: Task,
    *,
    device: torch.device,
    send: Callable[[ReadingBatch], None],
    begin: Callable[[TaskFacts, tuple[str, ...], str], None],
    stop_requested: StopRequested,
    saving: Saving = NEVER,
    start: Start | None = None,
) -> TrainingOutcome:
    """Do what the spec orders; every reading goes to `send`, in order, the first at once."""
    loop = TrainingLoop(spec, task, device=device, send=send, saving=saving)
    if start is not None:
        loop.restore(start)
    begin(task.facts, loop.tensor_names, str(device))
    return loop.run(stop_requested)


class TrainingLoop:
    """One run from its initial weights to its end."""

    def __init__(
        self,
        spec: JobSpec,
        task: Task,
        *,
        device: torch.device,
        send: Callable[[ReadingBatch], None],
        saving: Saving = NEVER,
        aside: Aside = in_turn,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._spec, self._task, self._device = spec, task, device
        self._saving, self._aside, self._clock = saving, aside, clock
        self._dtype = DTYPES[spec.training.precision]
        self.model = prepared_model(spec, task, device=device, dtype=self._dtype)
        named = tuple(self.model.named_tensors())
        self.tensor_names = tuple(name for name, _ in named)
        self._weights = [weight for _, weight in named]
        self._plain_weights = [weight.detach() for weight in self._weights]
        self._change = [torch.empty_like(weight) for weight in self._plain_weights]
        self._optimizer = make_optimizer(spec.optimizer, self._weights)
        self._guard = InstabilityGuard(
            spec.training.on_instability, weights=self._weights, optimizer=self._optimizer
        )
        self._observer = Observer(spec, task, elapsed_s=self._elapsed_s, aside=aside)
        self._state = TrainingState(
            weights=dict(zip(self.tensor_names, self._plain_weights, strict=True)),
            optimizer=self._optimizer,
            guard=self._guard,
            observer=self._observer,
        )
        sizes = [weight.numel() for weight in self._weights]
        self._recorder = Recorder(tensor_sizes=sizes, device=device, send=send, clock=clock)
        bptt_length = spec.training.bptt_length
        self._chunking = (
            None if bptt_length is None else Chunking(length=bptt_length, at_boundary=detached)
        )
        # on a GPU each look would make the host wait, so there a flush finds out
        self._looks_each_step = device.type == "cpu" or self._guard.must_know_each_step
        self._first_step = self._saved_at = 0
        self._started_at_s = clock()

    def restore(self, start: Start) -> None:
        """Go on from a checkpoint. Raises Damaged where it is not one of this network."""
        self._state.restore(start)
        self._first_step = self._saved_at = start.checkpoint.notes.step

    def run(self, stop_requested: StopRequested) -> TrainingOutcome:
        num_steps = self._spec.training.num_steps
        self._started_at_s = self._clock()
        for step in range(self._first_step, num_steps):
            reason = stop_requested() or self._time_limit()
            if reason is not None:
                return self._finish(reason, steps_done=step)
            has_diverged = self._observed_step(step)
            is_saved = self._saving.is_due()
            if has_diverged or is_saved or self._recorder.is_due():
                bad_step = self._recorder.flush(steps_done=step + 1)
                if has_diverged or bad_step is not None:
                    steps_done = 1 + (step if bad_step is None else bad_step)
                    return self._outcome(StopReason.DIVERGED, steps_done=steps_done)
            if is_saved and self._state.is_finite():
                self._save(step + 1)
        return self._finish(StopReason.COMPLETED, steps_done=num_steps)

    def _observed_step(self, step: int) -> bool:
        """Look at the weights, then change them; the first step does not wait for the look."""
        if step > 0:
            self._recorder.add(self._observer.before_step(self.model, step))
            return self._step(step)
        initial = self.model.copied()
        look = self._aside(lambda: self._observer.before_step(initial, step))
        has_diverged = self._step(step)
        has_diverged |= self._recorder.flush(steps_done=1) is not None
        self._recorder.add(look())
        return has_diverged

    def _step(self, step: int) -> bool:
        """One update with its readings. Returns whether the run has diverged, if known."""
        batch = self._batch(step)
        loss = self._loss(batch, step)
        loss.backward()
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        add_penalty_gradients_(gradients, self._plain_weights, self._spec.regularization)
        grad_norms = tensor_norms(gradients)
        norm = total_norm(torch.stack(grad_norms))
        zero_counts = nonzero_counts(gradients)
        is_finite = not self._looks_each_step or _is_finite(loss, norm)
        non_finite = count_non_finite(gradients) if self._must_count(is_finite=is_finite) else None
        response = self._respond(step, loss, batch, is_finite=is_finite)
        weight_norms = tensor_norms(self._plain_weights)
        coefficient = clip_(gradients, norm, self._spec.clipping)
        rate = self._rate(step)
        update_norms = self._update(rate) if response is Response.UPDATE else None
        self._optimizer.zero_grad(set_to_none=True)
        self._recorder.record(
            StepReading(
                step=step,
                loss=loss,
                clip_coefficient=coefficient,
                non_finite_count=non_finite,
                grad_norms=grad_norms,
                weight_norms=weight_norms,
                update_norms=update_norms,
                nonzero_counts=zero_counts,
                learning_rate=rate,
                elapsed_s=self._elapsed_s(),
            )
        )
        return response is Response.END

    def _batch(self, step: int) -> Batch:
        training = self._spec.training
        batch = self._task.training_batch(step, batch_size=training.batch_size, seed=training.seed)
        return batch.to(self._device, self._dtype)

    def _loss(self, batch: Batch, step: int) -> Tensor:
        generator = None
        if self.model.dropout > 0:
            seed = self._spec.training.seed
            generator = torch_generator(seed, "dropout", step, device=self._device)
        outputs = self.model(
            batch.inputs_TBI,
            batch.lengths_B,
            dropout_generator=generator,
            chunking=self._chunking,
        )
        return self._task.mean_loss(outputs, batch)

    def _rate(self, step: int) -> float:
        rate = self._spec.optimizer.rate_at(step, num_steps=self._spec.training.num_steps)
        return rate * self._guard.rate_factor

    def _update(self, rate: float) -> Sequence[Tensor]:
        """Change the weights. Returns the norm of each tensor's change."""
        set_learning_rate(self._optimizer, rate)
        torch._foreach_copy_(self._change, self._plain_weights)
        self._optimizer.step()
        torch._foreach_sub_(self._change, self._plain_weights)
        return tensor_norms(self._change)

    def _must_count(self, *, is_finite: bool) -> bool:
        return not is_finite if self._looks_each_step else True

    def _respond(self, step: int, loss: Tensor, batch: Batch, *, is_finite: bool) -> Response:
        if is_finite:
            self._guard.settle(step)
            return Response.UPDATE
        if not self._state.is_origin_known:
            self._state.is_origin_known = True
            origin = find_origin(self.model, self._task, batch)
            self._recorder.add(readings_of(origin, step=step))
        return self._guard.respond(is_loss_finite=_is_finite(loss))

    def _time_limit(self) -> StopReason | None:
        limit_s = self._spec.training.time_limit_s
        is_over = limit_s is not None and self._elapsed_s() > limit_s
        return StopReason.TIMED_OUT if is_over else None

    def _elapsed_s(self) -> float:
        return self._state.earlier_s + self._clock() - self._started_at_s

    def _finish(self, reason: StopReason | Interruption, *, steps_done: int) -> TrainingOutcome:
        """Save the weights, then look at them: so more steps can follow as if there were no end."""
        bad_step = self._recorder.flush(steps_done=steps_done)
        if bad_step is not None:
            return self._outcome(StopReason.DIVERGED, steps_done=bad_step + 1)
        if not self._state.is_finite():
            return self._outcome(StopReason.DIVERGED, steps_done=steps_done)
        self._save(steps_done)
        if reason not in _WITHOUT_LAST_PROBE:
            self._recorder.add(self._observer.at_end(self.model, steps_done))
            self._recorder.flush(steps_done=steps_done)
        return self._outcome(reason, steps_done=steps_done)

    def _save(self, steps_done: int) -> None:
        """After a flush, so that no chunk straddles the checkpoint."""
        if steps_done == self._saved_at:
            return
        self._saved_at = steps_done
        checkpoint = self._state.checkpoint(
            steps_done=steps_done, elapsed_s=self._elapsed_s(), device=self._device
        )
        self._saving.keep(steps_done, pack(checkpoint))

    def _outcome(self, reason: StopReason | Interruption, *, steps_done: int) -> TrainingOutcome:
        return TrainingOutcome(
            stop_reason=reason,
            steps_done=steps_done,
            model=self.model,
            best=self._observer.best.known,
        )


def _is_finite(*scalars: Tensor) -> bool:
    """A sync point on a GPU."""
    return all(math.isfinite(float(scalar.detach())) for scalar in scalars)
