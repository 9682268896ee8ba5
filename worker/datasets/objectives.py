"""Losses, and the metrics that are reported beside them.

Shapes: N loss terms, O outputs.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from worker.datasets.task import MetricTerms


class SquaredError:
    """Mean over the outputs of the squared error."""

    def loss_terms(self, outputs_NO: Tensor, targets_NO: Tensor) -> Tensor:
        return (outputs_NO - targets_NO).square().mean(dim=-1)

    def metric_terms(self, outputs_NO: Tensor, targets_NO: Tensor) -> Mapping[str, MetricTerms]:
        return _error_metrics(outputs_NO, targets_NO)


class AbsoluteError:
    """Mean over the outputs of the absolute error."""

    def loss_terms(self, outputs_NO: Tensor, targets_NO: Tensor) -> Tensor:
        return (outputs_NO - targets_NO).abs().mean(dim=-1)

    def metric_terms(self, outputs_NO: Tensor, targets_NO: Tensor) -> Mapping[str, MetricTerms]:
        return _error_metrics(outputs_NO, targets_NO)


class CrossEntropy:
    """Cross entropy of the target class, in nats."""

    def __init__(self, *, trivial_class: int | None = None) -> None:
        #: A class that needs no memory, left out of the accuracy.
        self._trivial_class = trivial_class

    def loss_terms(self, outputs_NO: Tensor, targets_N: Tensor) -> Tensor:
        return functional.cross_entropy(outputs_NO, targets_N, reduction="none")

    def metric_terms(self, outputs_NO: Tensor, targets_N: Tensor) -> Mapping[str, MetricTerms]:
        trivial = self._trivial_class
        is_right_N = (outputs_NO.argmax(dim=-1) == targets_N).double()
        accuracy = MetricTerms(
            values_N=is_right_N, counted_N=None if trivial is None else targets_N != trivial
        )
        loss = MetricTerms(values_N=self.loss_terms(outputs_NO, targets_N).double())
        return {"cross_entropy": loss, "accuracy": accuracy}


class BitsPerCharacter(CrossEntropy):
    """Cross entropy of the next character; the metric is in bits."""

    def metric_terms(self, outputs_NO: Tensor, targets_N: Tensor) -> Mapping[str, MetricTerms]:
        terms = super().metric_terms(outputs_NO, targets_N)
        bits_N = terms["cross_entropy"].values_N / math.log(2)
        return {"bits_per_character": MetricTerms(values_N=bits_N), "accuracy": terms["accuracy"]}


def _error_metrics(outputs_NO: Tensor, targets_NO: Tensor) -> Mapping[str, MetricTerms]:
    error_NO = (outputs_NO - targets_NO).to(torch.float64)
    return {
        "mse": MetricTerms(values_N=error_NO.square().mean(dim=-1)),
        "mae": MetricTerms(values_N=error_NO.abs().mean(dim=-1)),
    }
