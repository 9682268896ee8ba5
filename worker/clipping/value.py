"""Clamp each entry of the gradient; its direction changes."""

import torch
from torch import Tensor

from app.domain.specs.clipping import ValueClipping
from worker.gradients import Tensors, tensor_norms, total_norm


def clip_value_(gradients: Tensors, norm: Tensor, spec: ValueClipping) -> Tensor:
    """Clamp in place; NaN stays. Returns norm after / norm before, 1 for a zero gradient."""
    for gradient in gradients:
        gradient.clamp_(-spec.max_value, spec.max_value)
    after = total_norm(torch.stack(tensor_norms(gradients)))
    return torch.where(norm > 0, after / norm, torch.ones_like(norm))
