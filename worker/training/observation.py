"""Evaluations and probes between two updates. Neither changes the run.

A reading of step s is taken with the weights that s updates made, so those at `num_steps` are of
the trained weights.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from app.domain.quantities.trained import PROBE_SECONDS, PROBE_SHARE
from app.domain.scopes import SPLITS, Scope, Split
from app.domain.specs.job import JobSpec
from app.domain.task import JUDGED_SPLIT
from app.domain.telemetry import Reading, ScalarReading, ScoreDetails, of_kind
from worker.concurrency import Submit, in_caller
from worker.datasets.task import Task
from worker.models.network import SequenceModel
from worker.probes.card import Update
from worker.probes.schedule import ProbeSchedule
from worker.probes.suite import (
    ProbeOrder,
    measures_updates,
    run_probes,
    run_update_probes,
    sample_size,
)
from worker.replay.sample import ProbeSample
from worker.training.best import BestWeights
from worker.training.checkpoint import Checkpoint, ScheduleNotes

#: Evaluated during training. The test split is evaluated only at the end.
_DURING: tuple[Split, ...] = ("train", "validation")


class Observer:
    """Evaluations and probes of one run."""

    def __init__(
        self,
        spec: JobSpec,
        task: Task,
        *,
        elapsed_s: Callable[[], float],
        submit: Submit = in_caller,
    ) -> None:
        self._spec = spec
        self._task = task
        self._elapsed_s = elapsed_s
        self._submit = submit
        self.best = BestWeights(task.facts)
        #: What probes need again at the next step.
        self._kept: dict[str, Tensor] = {}
        #: Seconds of the present step's probes, if those of its update are still to come.
        self._open_cost: ScalarReading | None = None
        #: The last step at which the score that ends the run was reached; None before.
        self._reached_at: int | None = None
        #: What the probes of the present step measure; None if it is not probed.
        self._order: ProbeOrder | None = None
        self._schedule = ProbeSchedule(
            num_steps=spec.training.num_steps,
            budget=spec.probes.budget_in_force,
            every=spec.probes.every,
            is_off=spec.probes.tier == "off",
        )

    @property
    def probe_seconds(self) -> float | None:
        """Seconds that all probes of the run took, also in earlier attempts; None without any."""
        schedule = self._schedule
        return None if schedule.last_step is None else schedule.total_s

    def has_reached_target(self, step: int) -> bool:
        """Whether the evaluation at this step, if there was one, is good enough to end the run.

        It depends on this evaluation alone, so that a run that continues from a checkpoint ends
        where it would have ended. Initial weights, which may be measured later, end no run.
        """
        return step > 0 and self._reached_at == step

    def notes(self) -> ScheduleNotes:
        schedule = self._schedule
        return ScheduleNotes(
            last_step=schedule.last_step,
            last_cost_s=schedule.last_cost_s,
            total_s=schedule.total_s,
            budgeted_s=schedule.budgeted_s,
            num_probes=schedule.num_probes,
            assured_s=schedule.assured_s,
        )

    def restore(self, checkpoint: Checkpoint, *, device: torch.device) -> None:
        self._schedule = replace(self._schedule, **checkpoint.notes.schedule.model_dump())
        self.best.restore(checkpoint, device=device)

    def follow(self, steps: Sequence[int]) -> None:
        """Probe at the steps that an earlier attempt probed."""
        self._schedule = replace(self._schedule, followed_steps=tuple(sorted(steps)))

    def before_step(self, model: SequenceModel, step: int) -> Callable[[], tuple[Reading, ...]]:
        """Measure the weights that this step starts from. Returns what gives the readings.

        Of the initial weights a copy is measured, so that step 0 does not wait for it.
        """
        is_probed = self._schedule.is_due(step, elapsed_s=self._elapsed_s())
        self._order = order = self._next_order(step) if is_probed else None
        if step > 0:
            found = self._look(model, step, order)
            return lambda: found
        initial = model.copied()
        return self._submit(lambda: self._look(initial, step, order))

    @property
    def watches_update(self) -> bool:
        """Whether the change that the present step makes is to be measured."""
        return self._order is not None and measures_updates(self._order)

    @property
    def share_of_probe(self) -> float:
        """The share of its usual work that the probe of the present step does."""
        return 1.0 if self._order is None else self._order.share_of_anchors

    def after_update(
        self, model: SequenceModel, step: int, update: Update | None
    ) -> tuple[Reading, ...]:
        """Measure the change that the present step made, None if it made none.

        The cost of the step's probes is read here where it was left open before the step.
        """
        cost, self._open_cost = self._open_cost, None
        if cost is None:
            return ()
        found: tuple[Reading, ...] = ()
        if update is not None and self._order is not None:
            sample = self._sample(model, self._order)
            result = run_update_probes(
                model, sample, self._order, update, step=step, clock=time.perf_counter
            )
            self._schedule = self._schedule.with_cost(result.seconds)
            found, cost = result.readings, replace(cost, value=cost.value + result.seconds)
        return (*found, cost)

    def _look(
        self, model: SequenceModel, step: int, order: ProbeOrder | None
    ) -> tuple[Reading, ...]:
        is_evaluated = step % self._spec.training.evaluate_every == 0
        metrics = self._evaluate(model, step, _DURING) if is_evaluated else ()
        if order is None:
            return metrics
        found = self._probe(model, step, order)
        if measures_updates(order):
            costs = [one for one in of_kind(ScalarReading, found) if one.quantity == PROBE_SECONDS]
            found = tuple(one for one in found if one not in costs)
            (self._open_cost,) = costs
        return (*metrics, *found)

    def at_end(self, model: SequenceModel, step: int) -> tuple[Reading, ...]:
        """Of the trained weights, on every split."""
        found = {
            split: self._task.evaluate_in_detail(model, split)
            for split in SPLITS
            if split in self._task.evaluation
        }
        metrics = self._scored(model, step, {split: scores for split, (scores, _) in found.items()})
        details = tuple(
            ScoreDetails(step=step, split=split, details=divided)
            for split, (_, divided) in found.items()
            if divided
        )
        order = self._next_order(step, is_last=True)
        return (*metrics, *details, *self._probe(model, step, order))

    def _evaluate(
        self, model: SequenceModel, step: int, splits: Sequence[Split]
    ) -> tuple[ScalarReading, ...]:
        found = {
            split: self._task.evaluate(model, split)
            for split in splits
            if split in self._task.evaluation
        }
        return self._scored(model, step, found)

    def _scored(
        self, model: SequenceModel, step: int, found: Mapping[Split, Mapping[str, float]]
    ) -> tuple[ScalarReading, ...]:
        if JUDGED_SPLIT in found:
            score = found[JUDGED_SPLIT][self._task.facts.metric]
            self.best.consider(model, step, score)
            target = self._spec.training.stop_at_score
            if target is not None and self._task.facts.mode.is_at_least(score, as_good_as=target):
                self._reached_at = step
        return tuple(
            ScalarReading(step=step, quantity=metric, scope=Scope.split(split), value=value)
            for split, metrics in found.items()
            for metric, value in metrics.items()
        )

    def _next_order(self, step: int, *, is_last: bool = False) -> ProbeOrder | None:
        """What the probes of the step measure; None if probes are off."""
        tier = self._spec.probes.tier
        if tier == "off":
            return None
        cadences = self._spec.probes.cadences
        wanted = None
        if cadences is not None:
            wanted = self._schedule.wanted(cadences, step=step, is_last=is_last)
        return ProbeOrder(
            tier=tier,
            quantities=wanted,
            required_lag=self._task.facts.required_lag.timesteps,
            share_of_anchors=self._schedule.share_of_anchors(step, elapsed_s=self._elapsed_s()),
            bptt_length=self._spec.training.bptt_length,
            seed=self._spec.training.seed,
        )

    def _sample(
        self, model: SequenceModel, order: ProbeOrder, split: Split | None = None
    ) -> ProbeSample:
        size = sample_size(order.tier, many_to_one=model.many_to_one)
        weights = model.readout.weight
        return self._task.probe_sample(
            size, device=weights.device, dtype=weights.dtype, split=split
        )

    def _training_sample(self, model: SequenceModel, order: ProbeOrder) -> ProbeSample | None:
        """None where no training sequences are evaluated, as in a preflight."""
        has_some = "train" in self._task.evaluation
        return self._sample(model, order, "train") if has_some else None

    def _probe(
        self, model: SequenceModel, step: int, order: ProbeOrder | None
    ) -> tuple[Reading, ...]:
        if order is None:
            return ()
        device = model.readout.weight.device
        if device.type == "cuda":
            # the work of earlier steps that is still queued on the GPU is no cost of the probe
            torch.cuda.synchronize(device)
        result = run_probes(
            model,
            self._sample(model, order),
            order,
            step=step,
            kept=self._kept,
            training=self._training_sample(model, order),
            clock=time.perf_counter,
            submit=self._submit,
        )
        self._schedule = self._schedule.after(step, seconds=result.seconds)
        share = ScalarReading(
            step=step,
            quantity=PROBE_SHARE,
            scope=Scope.model(),
            value=self._schedule.share(self._elapsed_s()),
        )
        return (*result.readings, share)
