"""Clip the global norm (Pascanu et al. 2013, algorithm 1), from below too where asked for."""

import torch
from torch import Tensor

from app.domain.specs.clipping import NormClipping
from worker.gradients import Tensors, scale_


def clip_norm_(gradients: Tensors, norm: Tensor, spec: NormClipping) -> Tensor:
    """Scale in place, but not what is zero or not finite. Returns the coefficient."""
    coefficient = (spec.max_norm / norm).clamp(max=1.0)
    if spec.min_norm is not None:
        coefficient = torch.where(norm < spec.min_norm, spec.min_norm / norm, coefficient)
    is_usable = torch.isfinite(norm) & (norm > 0)
    coefficient = torch.where(is_usable, coefficient, torch.ones_like(coefficient))
    if spec.min_norm is None:
        scale_(gradients, coefficient)
    else:
        # in two halves: a gradient of 1e-40 is raised by more than float32 holds
        root = coefficient.sqrt()
        scale_(gradients, root)
        scale_(gradients, root)
    return coefficient
