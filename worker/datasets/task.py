"""A task: data, what is known of it, its loss, and the fixed batches that it is evaluated on.

Shapes: T timesteps, B sequences, I inputs, O outputs, N loss terms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from pydantic import JsonValue
from torch import Tensor

from app.domain.scopes import Split
from app.domain.task import TaskFacts
from app.domain.telemetry import DoubleArray
from worker.datasets.usage import ClassOutput, Usage
from worker.models.network import SequenceModel
from worker.replay.sample import ProbeSample
from worker.scoring.truth import Truth

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


#: Outputs for a batch: (B, O) for many-to-one, (T, B, O) otherwise.
Predict = Callable[[Batch], Tensor]


class Objective(Protocol):
    """The loss that is minimised, and how outputs are scored."""

    def loss_terms(self, outputs_NO: Tensor, targets_N: Tensor) -> Tensor: ...

    def kept(self, outputs_NO: Tensor, targets_N: Tensor) -> Tensor:
        """(N, K) of what scoring needs of each loss term, in float64 on the same device."""
        ...

    def truth(self, targets_N: Tensor) -> Truth:
        """What is scored against where the targets are exact and in the units of the data."""
        ...


class TrainingData(Protocol):
    """The batch of a step, a pure function of step and seed."""

    @property
    def num_items(self) -> int | None:
        """Sequences that there are; None if each step has new ones."""
        ...

    def batch(self, step: int, *, batch_size: int, seed: int) -> Batch: ...


class RecursiveForecast(Protocol):
    """Scores of forecasts that go on from their own predictions."""

    def scores(self, model: SequenceModel, split: Split) -> list[JsonValue]:
        """Metrics of steps ahead, as `ScoreDetails` has them; none for a split without them."""
        ...


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
    #: By split, where the targets of `evaluation` are not what is scored against.
    own_truths: Mapping[Split, Truth] | None = None
    #: Scored at the end of a run; None where the spec does not ask for it.
    recursive: RecursiveForecast | None = None
    #: Of a forecast: windows of one series in the validation part that follow each other.
    successive: Batch | None = None

    @cached_property
    def truths(self) -> Mapping[Split, Truth]:
        """What each split of `evaluation` is scored against."""
        return self.own_truths or {
            split: self.objective.truth(self._counted(batch.targets, batch))
            for split, batch in self.evaluation.items()
        }

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

    def evaluate(self, model: SequenceModel, split: Split) -> Mapping[str, float]:
        """Every metric on a split: one copy to the host."""
        return self.score(_forward(model), split, like=model.readout.weight)

    def score(self, predict: Predict, split: Split, *, like: Tensor) -> Mapping[str, float]:
        """Returns every metric of a predictor, which reads batches of the tensor's kind."""
        truth = self.truths[split]
        return truth.scores(truth.in_units(self._kept(predict, split, like=like)))

    def probe_sample(
        self,
        num_sequences: int,
        *,
        device: torch.device,
        dtype: torch.dtype,
        split: Split | None = None,
    ) -> ProbeSample:
        """The same few sequences at every probe, from the validation split where there is one."""
        if split is None:
            split = "validation" if "validation" in self.evaluation else "train"
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

    def evaluate_in_detail(
        self, model: SequenceModel, split: Split
    ) -> tuple[Mapping[str, float], Mapping[str, JsonValue]]:
        """Every metric on a split, and the metrics by horizon, series or class."""
        truth, output = self.truths[split], self.usage.output
        kept_NK = self._kept(_forward(model), split, like=model.readout.weight)
        answer_NK = truth.in_units(kept_NK)
        classes = output.classes if isinstance(output, ClassOutput) else ()
        details = dict(truth.details(answer_NK, classes=classes))
        if self.recursive is not None and (steps := self.recursive.scores(model, split)):
            details["recursive"] = steps
        return truth.scores(answer_NK), details

    def _kept(self, predict: Predict, split: Split, *, like: Tensor) -> DoubleArray:
        """(N, K) of the loss terms that count, in the order of the truth."""
        whole = self.evaluation[split]
        batch = whole.to(like.device, like.dtype)
        parts: list[Tensor] = []
        for first in range(0, batch.num_sequences, EVALUATION_BATCH):
            last = first + EVALUATION_BATCH
            part = batch.take(first, last, many_to_one=self.facts.many_to_one)
            with torch.no_grad():
                outputs = predict(part)
            shape = outputs.shape[:-1]
            targets_N = part.targets.flatten(0, len(shape) - 1)
            kept_NK = self.objective.kept(outputs.flatten(0, -2), targets_N)
            parts.append(kept_NK.unflatten(0, shape))
        kept = torch.cat(parts, dim=-2).cpu()  # sync point
        counted_NK: DoubleArray = self._counted(kept, whole).numpy()
        return counted_NK

    def _counted(self, terms: Tensor, batch: Batch) -> Tensor:
        """(N, …) of the terms that count, from (B, …) for many-to-one and (T, B, …) otherwise."""
        if self.facts.many_to_one:
            return terms
        if batch.counted_TB is None:
            return terms.flatten(0, 1)
        return terms[batch.counted_TB.bool()]


def _forward(model: SequenceModel) -> Predict:
    return lambda batch: model(batch.inputs_TBI, batch.lengths_B)


def _mean(terms_N: Tensor, counted_N: Tensor | None) -> Tensor:
    if counted_N is None:
        return terms_N.mean()
    return (terms_N * counted_N).sum() / counted_N.sum()
