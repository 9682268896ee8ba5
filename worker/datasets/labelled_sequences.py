"""Labelled sequences as a network reads them: scaled, and padded to the longest of a batch.

Shapes: N rows of the file, F features, T timesteps, B sequences, O outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from app.domain.specs.loss.base import Loss
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.task import Batch
from worker.datasets.usage import Scaling, Usage
from worker.scoring.classes import ClassTruth
from worker.scoring.numbers import NumberTruth
from worker.scoring.truth import Truth


@dataclass(frozen=True, kw_only=True)
class LabelledSequences:
    """The file's rows, and which of them make each sequence."""

    features_NF: DoubleArray
    #: Class, or scaled value, of each row.
    labels_N: DoubleArray
    #: Class, or value in its own units, of each row.
    raw_labels_N: DoubleArray
    #: Of the labels of a regression.
    scaling: Scaling | None
    loss: Loss
    #: Whether all classes count alike.
    is_balanced: bool
    rows: Sequence[IntArray]
    is_per_step: bool
    #: None for a regression.
    classes: tuple[str, ...] | None
    usage: Usage

    @property
    def num_classes(self) -> int:
        return 0 if self.classes is None else len(self.classes)

    def batch(self, index_B: IntArray) -> Batch:
        """Padded to the longest of the batch; padded timesteps are zero and do not count."""
        chosen = [self.rows[index] for index in index_B]
        lengths_B = np.array([len(rows) for rows in chosen], dtype=np.int64)
        shape = (int(lengths_B.max()), len(chosen))
        inputs_TBI = np.zeros((*shape, self.features_NF.shape[1]), dtype=np.float32)
        labels_TB = np.zeros(shape)
        counted_TB = np.zeros(shape, dtype=np.float32)
        for place, rows in enumerate(chosen):
            inputs_TBI[: len(rows), place] = self.features_NF[rows]
            labels_TB[: len(rows), place] = self.labels_N[rows]
            counted_TB[: len(rows), place] = 1
        last_B = labels_TB[lengths_B - 1, np.arange(len(chosen))]
        return Batch(
            inputs_TBI=torch.from_numpy(inputs_TBI),
            targets=self._targets(labels_TB if self.is_per_step else last_B),
            lengths_B=torch.from_numpy(lengths_B),
            counted_TB=torch.from_numpy(counted_TB) if self.is_per_step else None,
        )

    def _targets(self, labels: DoubleArray) -> torch.Tensor:
        if self.classes is not None:
            return torch.from_numpy(labels.astype(np.int64))
        return torch.from_numpy(labels.astype(np.float32)[..., None])

    def labels_of(self, index_B: IntArray) -> DoubleArray:
        """Every target of these sequences, in its own units, in the order of the loss terms."""
        parts = [self.rows[index] for index in index_B]
        if not self.is_per_step:
            return self.raw_labels_N[[part[-1] for part in parts]]
        timestep_n = np.concatenate([np.arange(len(part)) for part in parts])
        labels: DoubleArray = self.raw_labels_N[np.concatenate(parts)]
        # time-major
        return labels[np.argsort(timestep_n, kind="stable")]

    def truth(self, index_B: IntArray) -> Truth:
        labels_N = self.labels_of(index_B)
        if self.scaling is None:
            return ClassTruth(codes_N=labels_N.astype(np.int32), is_balanced=self.is_balanced)
        (mean,), (std,) = self.scaling.mean, self.scaling.std
        return NumberTruth(
            wanted_NO=labels_N[:, None],
            mean_N=np.full(len(labels_N), mean),
            std_N=np.full(len(labels_N), std),
            loss=self.loss,
        )
