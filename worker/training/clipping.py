"""The gradient as the formula of a clipping sees it (`app/domain/specs/clipping`)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from app.domain.specs.clipping import ClippingSpec
from worker.gradients import Tensors, scale_, tensor_norms, total_norm


@dataclass(frozen=True, kw_only=True)
class TensorsGradient:
    """The gradient of all tensors of a network; no method waits for the device."""

    tensors: Tensors
    #: Global L2 norm before any change.
    norm: Tensor

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


def clip_(gradients: Tensors, norm: Tensor, spec: ClippingSpec) -> Tensor:
    """Clip in place, given the global norm. Returns the clip coefficient, on the device."""
    return spec.clip(TensorsGradient(tensors=gradients, norm=norm))
