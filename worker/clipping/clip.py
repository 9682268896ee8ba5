"""From a clipping spec to a clipped gradient."""

from typing import assert_never

import torch
from torch import Tensor

from app.domain.specs.clipping import ClippingSpec, NoClipping, NormClipping, ValueClipping
from worker.clipping.norm import clip_norm_
from worker.clipping.value import clip_value_
from worker.gradients import Tensors


def clip_(gradients: Tensors, norm: Tensor, spec: ClippingSpec) -> Tensor:
    """Clip in place, given the global norm. Returns the clip coefficient, on the device."""
    match spec:
        case NoClipping():
            return torch.ones_like(norm)
        case NormClipping():
            return clip_norm_(gradients, norm, spec)
        case ValueClipping():
            return clip_value_(gradients, norm, spec)
        case _:
            assert_never(spec)
