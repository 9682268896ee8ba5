"""A task: data, what is known of it, its loss, and the fixed batches that it is evaluated on.

Shapes: T timesteps, B sequences, I inputs, O outputs, N loss terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from app.domain.scopes import Split
from app.domain.task import TaskFacts
from worker.datasets.usage import Usage
from worker.models.network import SequenceModel
from worker.replay.sample import ProbeSample

#: Sequences that are evaluated at a time: bounds the memory of an evaluation.
EVALUATION_BATCH = 256
#: A larger tensor goes to a GPU from pageable memory: pages that cannot be swapped out are scarce.
MAX_PINNED_BYTES = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Sequences, padded to the right to the longest."""

    inputs_TBI: Tensor
    #: (B, …) for many-to-one, (T, B, …) otherwise.
    targets: Tensor
    #: None if all have T timesteps.
    lengths_B: Tensor | None = None
    #: Many-to-many: 1 where a timestep has a loss term; None if all have.
    counted_TB: Tensor | None = None
    #: Many-to-many: the timesteps whose loss term needs memory; None if `counted_TB` says it.
    recalled_TB: Tensor | None = None

    @property
    def num_sequences(self) -> int:
        return self.inputs_TBI.shape[1]

    def to(self, device: torch.device, dtype: torch.dtype) -> "Batch":
        """Floats in the run's precision, everything on its device."""

        def move(tensor: Tensor) -> Tensor:
            kind = dtype if tensor.is_floating_point() else tensor.dtype
            if device.type == "cuda" and tensor.device.type == "cpu":
                # from pageable memory a copy may wait for all that the GPU still has to do
                tensor = tensor.to(kind)
                if tensor.nbytes <= MAX_PINNED_BYTES:
                    tensor = tensor.pin_memory()
            return tensor.to(device=device, dtype=kind, non_blocking=True)

        return Batch(
            inputs_TBI=move(self.inputs_TBI),
            targets=move(self.targets),
            lengths_B=None if self.lengths_B is None else move(self.lengths_B),
            counted_TB=None if self.counted_TB is None else move(self.counted_TB),
            recalled_TB=None if self.recalled_TB is None else move(self.recalled_TB),
        )

    def take(self, first: int, last: int, *, many_to_one: bool) -> "Batch":
        """The sequences first … last − 1."""

        def cut(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor[:, first:last]

        lengths_B = self.lengths_B
        return Batch(
            inputs_TBI=self.inputs_TBI[:, first:last],
            targets=self.targets[first:last] if many_to_one else self.targets[:, first:last],
            lengths_B=None if lengths_B is None else lengths_B[first:last],
            counted_TB=cut(self.counted_TB),
            recalled_TB=cut(self.recalled_TB),
        )


@dataclass(frozen=True, kw_only=True)
class MetricTerms:
    """One metric before it is averaged."""

    values_N: Tensor
    #: Terms that count; None if all do.
    counted_N: Tensor | None = None


class Objective(Protocol):
    """The loss that is minimised, and the metrics that are reported."""

    def loss_terms(self, outputs_NO: Tensor, targets_N: Tensor) -> Tensor: ...

    def metric_terms(self, outputs_NO: Tensor, targets_N: Tensor) -> Mapping[str, MetricTerms]: ...


class TrainingData(Protocol):
    """The batch of a step, a pure function of step and seed."""

    def batch(self, step: int, *, batch_size: int, seed: int) -> Batch: ...


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one run learns, with what is known of it."""

    facts: TaskFacts
    objective: Objective
    data: TrainingData
    #: Fixed by `dataset.seed`. An overfitted model scores well on `train` alone.
    evaluation: Mapping[Split, Batch]
    #: How to feed the trained network and read its outputs.
    usage: Usage

    def training_batch(self, step: int, *, batch_size: int, seed: int) -> Batch:
        return self.data.batch(step, batch_size=batch_size, seed=seed)

    def mean_loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Mean over the batch's loss terms, without penalties."""
        terms_N, counted_N = self.loss_terms(outputs, batch)
        return _mean(terms_N, counted_N)

    def loss_terms(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Unreduced terms, time-major, and which of them count (None if all do)."""
        if self.facts.many_to_one:
            return self.objective.loss_terms(outputs, batch.targets), None
        terms_N = self.objective.loss_terms(outputs.flatten(0, 1), batch.targets.flatten(0, 1))
        return terms_N, None if batch.counted_TB is None else batch.counted_TB.flatten()

    def evaluate(self, model: SequenceModel, split: Split) -> dict[str, float]:
        """Every metric on a split: one copy to the host."""
        weights = model.readout.weight
        batch = self.evaluation[split].to(weights.device, weights.dtype)
        sums: dict[str, Tensor] = {}
        for first in range(0, batch.num_sequences, EVALUATION_BATCH):
            last = first + EVALUATION_BATCH
            part = batch.take(first, last, many_to_one=self.facts.many_to_one)
            for name, sum_and_count in self._metric_sums(model, part).items():
                sums[name] = sums[name] + sum_and_count if name in sums else sum_and_count
        totals = torch.stack(list(sums.values())).cpu()  # sync point
        return {name: float(s / n) for name, (s, n) in zip(sums, totals, strict=True)}

    def probe_sample(
        self, num_sequences: int, *, device: torch.device, dtype: torch.dtype
    ) -> ProbeSample:
        """The same few sequences at every probe, from the validation split where there is one."""
        split: Split = "validation" if "validation" in self.evaluation else "train"
        batch = self.evaluation[split].take(0, num_sequences, many_to_one=self.facts.many_to_one)
        batch = batch.to(device, dtype)
        is_recalled = batch.recalled_TB is not None
        counted_TB = batch.recalled_TB if is_recalled else batch.counted_TB
        return ProbeSample(
            x_TBI=batch.inputs_TBI,
            lengths_B=batch.lengths_B,
            targets=batch.targets,
            loss_terms=self.objective.loss_terms,
            counted_TB=None if counted_TB is None else counted_TB.bool(),
        )

    def _metric_sums(self, model: SequenceModel, batch: Batch) -> dict[str, Tensor]:
        """Metric -> (sum of its terms, number of them)."""
        with torch.no_grad():
            outputs = model(batch.inputs_TBI, batch.lengths_B)
        targets, counted_N = batch.targets, None
        if not self.facts.many_to_one:
            outputs, targets = outputs.flatten(0, 1), targets.flatten(0, 1)
            counted_N = None if batch.counted_TB is None else batch.counted_TB.flatten()
        sums = {}
        for name, terms in self.objective.metric_terms(outputs, targets).items():
            own_N = counted_N if terms.counted_N is None else terms.counted_N
            weights_N = torch.ones_like(terms.values_N) if own_N is None else own_N
            weights_N = weights_N.double()
            sums[name] = torch.stack([(terms.values_N * weights_N).sum(), weights_N.sum()])
        return sums


def _mean(terms_N: Tensor, counted_N: Tensor | None) -> Tensor:
    if counted_N is None:
        return terms_N.mean()
    return (terms_N * counted_N).sum() / counted_N.sum()
