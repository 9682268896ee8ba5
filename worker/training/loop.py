"""Training, one optimizer step after the other.

The moments of a run, and who acts at each of them:

    run begins       CheckpointSaver   restores a checkpoint
        │
    ╭─▶ before step  the caller        may stop the run, and so may the time limit  ──▶ run ends
    │   │            Observer          evaluates and probes the weights that the step starts from,
    │   │                              and ends the run whose score is good enough  ──▶ run ends
    │   │            ── forward, backward, gradient of the penalties ──
    │   after        StepGradient      norms and counts, before clipping
    │   backward     InstabilityGuard  updates, leaves the update out, goes back, or ends the run
    │   │            ── clipping ──
    │   before       Recorder          norms of the weights
    │   update       ── optimizer ──
    │   after        InstabilityGuard  undoes an update that is not finite; then goes back or ends
    │   update       Recorder          the step's readings, which stay on the device
    │   │            Observer          probes the change of a step that it has probed before
    │   │
    │   after step   Recorder          flushes where it is due: the one copy to the host; readings
    │   │                              that are not finite end the run as diverged  ──▶ run ends
    │   │            CheckpointSaver   saves where it is due, after a flush
    ╰───╯
    run ends         Recorder          flushes
                     CheckpointSaver   saves the best step, where forks may start, and the last one,
                                       so that more steps can follow as if there were no end
                     Observer          evaluates the last weights on every split, and probes them

Nothing waits for a GPU between two flushes, but for a policy of instability that must know at each
step whether its numbers are finite: one copy then.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import torch

from app.domain.rollbacks import Rollback
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import Reading, ReadingBatch
from worker.concurrency import Submit, in_caller
from worker.datasets.task import Batch, Task
from worker.probes.card import Update
from worker.telemetry.recorder import Recorder, StepReading
from worker.training.checkpoint import NEVER, Saving, Start
from worker.training.instability import Finiteness, InstabilityGuard, Response
from worker.training.learner import Learner
from worker.training.observation import Observer
from worker.training.origin import find_origin, readings_of
from worker.training.outcome import (
    WITHOUT_LAST_PROBE,
    Interruption,
    StopRequested,
    TrainingOutcome,
)
from worker.training.rate_factor import measured_factor
from worker.training.state import CheckpointSaver, TrainingState
from worker.training.stopwatch import Stopwatch
from worker.training.updating import Watched, can_watch


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
    """Do what the spec orders; every reading goes to `send`, in order, the first at once.

    Raises Damaged where the checkpoint is not one of this network.
    """
    loop = TrainingLoop(spec, task, device=device, send=send, saving=saving, start=start)
    begin(task.facts, loop.learner.tensor_names, str(device))
    return loop.run(stop_requested)


class TrainingLoop:
    """One run from its initial weights, or from a checkpoint, to its end."""

    def __init__(
        self,
        spec: JobSpec,
        task: Task,
        *,
        device: torch.device,
        send: Callable[[ReadingBatch], None],
        saving: Saving = NEVER,
        start: Start | None = None,
        submit: Submit = in_caller,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        learner = Learner(spec, task, device=device)
        self.learner = learner
        self._stopwatch = Stopwatch(clock)
        self._guard = InstabilityGuard(
            spec.training.on_instability,
            weights=learner.parameters,
            optimizer=learner.optimizer,
            measure_factor=lambda step, present: measured_factor(
                learner, step=step, rate_factor=present
            ),
            on_rollback=self._note_rollback,
        )
        self._observer = Observer(spec, task, elapsed_s=self._stopwatch.elapsed_s, submit=submit)
        sizes = [weight.numel() for weight in learner.weights]
        self._send = send
        #: The change of the present step, if it is to be measured.
        self._update: Update | None = None
        self._recorder = Recorder(
            tensor_sizes=sizes,
            device=device,
            send=self._send_with_costs,
            clock=clock,
            goes_on_after_bad_losses=self._guard.examines_updates,
        )
        state = TrainingState(
            learner=learner,
            guard=self._guard,
            observer=self._observer,
            stopwatch=self._stopwatch,
        )
        self._saver = CheckpointSaver(saving, state, start=start)

    def run(self, stop_requested: StopRequested) -> TrainingOutcome:
        num_steps = self.learner.spec.training.num_steps
        self._stopwatch.start()
        for step in range(self._saver.first_step, num_steps):
            reason = stop_requested() or self._time_limit()
            if reason is not None:
                return self._run_ends(reason, steps_done=step)
            look = self._observer.before_step(self.learner.model, step)
            self._saver.note_best(step)
            if self._observer.has_reached_target(step):
                # the last look measures the same weights once more, on every split
                return self._run_ends(StopReason.CONVERGED, steps_done=step)
            has_ended = self._step(step) is Response.END
            if step == 0:
                # the first readings are sent at once, and the look may take long
                has_ended |= self._recorder.flush(steps_done=1) is not None
            self._recorder.add(look())
            self._recorder.add(self._probe_update(step))
            is_saved = self._saver.is_due()
            if has_ended or is_saved or self._recorder.is_due():
                bad_step = self._recorder.flush(steps_done=step + 1)
                if has_ended or bad_step is not None:
                    last = step if bad_step is None else bad_step
                    return self._diverged(steps_done=last + 1)
            if is_saved and self.learner.is_finite():
                self._saver.save(step + 1)
        return self._run_ends(StopReason.COMPLETED, steps_done=num_steps)

    def _note_rollback(self, rollback: Rollback) -> None:
        self._recorder.note_rollback(rollback)

    def _send_with_costs(self, batch: ReadingBatch) -> None:
        costs = replace(
            batch,
            probe_seconds=self._observer.probe_seconds,
            elapsed_s=self._stopwatch.elapsed_s(),
        )
        self._send(costs)

    def _step(self, step: int) -> Response:
        """One update with its readings."""
        learner, guard = self.learner, self._guard
        batch = learner.batch(step)
        loss = learner.loss(batch, step)
        loss.backward()
        gradient = learner.gradient()
        found = guard.look(loss, gradient.norm)
        if found.is_bad:
            self._tell_origin(step, batch)
        is_finite = found is Finiteness.FINITE
        num_non_finite = None if is_finite else gradient.count_non_finite()
        response = guard.respond(step, found)
        weight_norms = learner.weight_norms()
        rate = learner.scheduled_rate(step) * guard.rate_factor
        watched = self._watch(step, batch, rate) if response is Response.UPDATE else None
        coefficient = learner.spec.clipping.clip(gradient)
        update_norms = None
        if response is Response.UPDATE:
            update_norms = learner.update(rate, can_undo=guard.examines_updates)
            if guard.examines_updates and guard.look_at_update(update_norms).is_bad:
                self._tell_origin(step, batch)
                learner.undo_update()
                response, update_norms = guard.respond(step, Finiteness.BAD_UPDATE), None
        if watched is not None and response is Response.UPDATE:
            self._update = watched.after_update(learner, share=self._observer.share_of_probe)
        learner.drop_gradient()
        self._recorder.record(
            StepReading(
                step=step,
                loss=loss,
                clip_coefficient=coefficient,
                non_finite_count=num_non_finite,
                grad_norms=gradient.norms,
                weight_norms=weight_norms,
                update_norms=update_norms,
                nonzero_counts=gradient.nonzero_counts,
                learning_rate=rate,
                elapsed_s=self._stopwatch.elapsed_s(),
            )
        )
        return response

    def _watch(self, step: int, batch: Batch, rate: float) -> Watched | None:
        """Copies what the probes of the update need, in a step that they measure."""
        if not self._observer.watches_update or not can_watch(self.learner):
            return None
        return Watched.before_clipping(self.learner, batch, step=step, rate=rate)

    def _probe_update(self, step: int) -> tuple[Reading, ...]:
        update, self._update = self._update, None
        return self._observer.after_update(self.learner.model, step, update)

    def _tell_origin(self, step: int, batch: Batch) -> None:
        """Of the first failure alone, while the weights are those that failed."""
        if not self._guard.is_origin_known:
            self._guard.is_origin_known = True
            origin = find_origin(self.learner.model, self.learner.task, batch)
            self._recorder.add(readings_of(origin, step=step))

    def _time_limit(self) -> StopReason | None:
        limit_s = self.learner.spec.training.time_limit_s
        is_over = limit_s is not None and self._stopwatch.elapsed_s() > limit_s
        return StopReason.TIMED_OUT if is_over else None

    def _run_ends(self, reason: StopReason | Interruption, *, steps_done: int) -> TrainingOutcome:
        bad_step = self._recorder.flush(steps_done=steps_done)
        if bad_step is not None:
            return self._diverged(steps_done=bad_step + 1)
        if not self.learner.is_finite():
            return self._diverged(steps_done=steps_done)
        self._saver.save(steps_done)
        if reason not in WITHOUT_LAST_PROBE:
            self._recorder.add(self._observer.at_end(self.learner.model, steps_done))
            self._recorder.flush(steps_done=steps_done)
        return self._outcome(reason, steps_done=steps_done)

    def _diverged(self, *, steps_done: int) -> TrainingOutcome:
        """Ends the run without a checkpoint of its last weights; forks start from the best ones."""
        self._saver.save_best()
        return self._outcome(StopReason.DIVERGED, steps_done=steps_done)

    def _outcome(self, reason: StopReason | Interruption, *, steps_done: int) -> TrainingOutcome:
        return TrainingOutcome(
            stop_reason=reason,
            steps_done=steps_done,
            model=self.learner.model,
            best=self._observer.best.known,
        )
