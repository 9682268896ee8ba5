"""The gradient of one step: what is measured of it, and how a clipping changes it.

Shapes: P tensors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from worker.gradients import (
    Tensors,
    count_non_finite,
    nonzero_counts,
    scale_,
    tensor_norms,
    total_norm,
)


@dataclass(frozen=True, kw_only=True)
class StepGradient:
    """Measured before any change. No method waits for the device.

    It is the `Gradient` over which the clippings of `app/domain/specs/clipping` are written.
    """

    tensors: Tensors
    #: Of each tensor, in double precision.
    norms: Sequence[Tensor]
    #: Of all tensors.
    norm: Tensor
    #: Entries that are not zero, of each tensor.
    nonzero_counts: Sequence[Tensor]

    @classmethod
    def measured(cls, tensors: Tensors) -> Self:
        norms = tensor_norms(tensors)
        return cls(
            tensors=tensors,
            norms=norms,
            norm=total_norm(torch.stack(norms)),
            nonzero_counts=nonzero_counts(tensors),
        )

    def count_non_finite(self) -> Tensor:
        """Entries that are NaN or infinite, over all tensors."""
        return count_non_finite(self.tensors)

    @property
    def one(self) -> Tensor:
        return torch.ones_like(self.norm)

    def scale(self, factor: Tensor, /) -> None:
        scale_(self.tensors, factor)

    def clamp(self, bound: float, /) -> None:
        for tensor in self.tensors:
            tensor.clamp_(-bound, bound)

    def norm_now(self) -> Tensor:
        return total_norm(torch.stack(tensor_norms(self.tensors)))
