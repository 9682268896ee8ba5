"""L1 and L2 penalties on the weight matrices, biases left out.

penalty = l1 Σ|w| + l2 Σ w², so its gradient l1 sign(w) + 2 l2 w is added to that of the loss.
"""

import torch

from app.domain.specs.regularization import RegularizationSpec
from worker.gradients import Tensors


def add_penalty_gradients_(gradients: Tensors, weights: Tensors, spec: RegularizationSpec) -> None:
    """Add them for matrices alone: a tensor with one dimension is a bias."""
    if spec.l1 == 0 and spec.l2 == 0:
        return
    with torch.no_grad():
        for gradient, weight in zip(gradients, weights, strict=True):
            if weight.dim() == 1:
                continue
            if spec.l1 > 0:
                gradient.add_(weight.sign(), alpha=spec.l1)
            if spec.l2 > 0:
                gradient.add_(weight, alpha=2 * spec.l2)
