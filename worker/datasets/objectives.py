"""Losses, and what scoring needs of a network's outputs.

Shapes: N loss terms, O outputs, K numbers that scoring needs of each term.
"""

import torch
from torch import Tensor
from torch.nn import functional

from app.domain.specs.loss.base import Loss
from app.domain.specs.loss.mse import MseLoss
from app.domain.telemetry import DoubleArray
from worker.scoring.classes import CharacterTruth, ClassTruth
from worker.scoring.numbers import NumberTruth
from worker.scoring.truth import Truth


class NumberError:
    """Mean over the targets of a loss of numbers. The outputs of one target are neighbours."""

    def __init__(self, loss: Loss | None = None, *, has_gaps: bool = False) -> None:
        self._loss = loss or MseLoss()
        #: True if targets may be NaN: those were not measured and are left out.
        self._has_gaps = has_gaps

    @property
    def is_least_squares(self) -> bool:
        """Whether a linear model that minimises it has a closed form."""
        return isinstance(self._loss, MseLoss) and not self._has_gaps

    @property
    def loss(self) -> Loss:
        return self._loss

    def loss_terms(self, outputs_NO: Tensor, targets_NO: Tensor) -> Tensor:
        shape = (targets_NO.shape[-1], self._loss.outputs_per_target)
        outputs: tuple[Tensor, ...] = outputs_NO.unflatten(-1, shape).unbind(dim=-1)
        if not self._has_gaps:
            return self._loss.term(outputs, targets_NO).mean(dim=-1)
        is_gap_NO = targets_NO.isnan()
        sizes_NO = self._loss.term(outputs, torch.where(is_gap_NO, 0.0, targets_NO))
        return torch.where(is_gap_NO, 0.0, sizes_NO).sum(dim=-1) / (~is_gap_NO).sum(dim=-1)

    def kept(self, outputs_NO: Tensor, targets_NO: Tensor) -> Tensor:  # noqa: ARG002 - one protocol
        """Returns the (N, O) outputs."""
        return outputs_NO.double()

    def truth(self, targets_NO: Tensor) -> Truth:
        return NumberTruth.as_it_is(targets_NO.double().numpy())


class CrossEntropy:
    """Cross entropy of the target class, in nats."""

    def __init__(
        self, *, trivial_class: int | None = None, class_weights: DoubleArray | None = None
    ) -> None:
        #: (V,) factors of the loss terms of each class; scores have none.
        self._weights_V = None if class_weights is None else torch.from_numpy(class_weights)
        #: A class that needs no memory: only the cross entropy counts its terms.
        self._trivial_class = trivial_class

    def loss_terms(self, outputs_NO: Tensor, targets_N: Tensor) -> Tensor:
        terms_N = _surprise(outputs_NO, targets_N)
        if self._weights_V is None:
            return terms_N
        return terms_N * self._weights_V.to(outputs_NO)[targets_N]

    def kept(self, outputs_NO: Tensor, targets_N: Tensor) -> Tensor:
        """Returns (N, 2): -ln p(target), and the most probable class."""
        terms_N = _surprise(outputs_NO.double(), targets_N)
        return torch.stack([terms_N, outputs_NO.argmax(dim=-1).double()], dim=-1)

    def truth(self, targets_N: Tensor) -> Truth:
        return ClassTruth(codes_N=targets_N.int().numpy(), trivial_class=self._trivial_class)


def _surprise(outputs_NO: Tensor, targets_N: Tensor) -> Tensor:
    """Returns (N,) -ln p(target)."""
    return functional.cross_entropy(outputs_NO, targets_N, reduction="none")


class BitsPerCharacter(CrossEntropy):
    """Cross entropy of the next character; the metric is in bits."""

    def truth(self, targets_N: Tensor) -> Truth:
        return CharacterTruth(codes_N=targets_N.int().numpy())
