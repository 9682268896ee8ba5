"""Norms and counts over many tensors at once, without waiting for the device.

Squares of float32 overflow at 1e19 and underflow at 1e-23, so norms are taken in double precision;
those of double tensors are scaled by the largest entry first.
Shapes: P tensors.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

Tensors = Sequence[Tensor]
_TINY = 1e-300


def tensor_norms(tensors: Tensors) -> tuple[Tensor, ...]:
    """L2 norm of each, double precision scalars."""
    if tensors[0].dtype != torch.float64:
        # the multi-tensor kernels have no public names
        return torch._foreach_norm(list(tensors), 2, torch.float64)  # noqa: SLF001 - as above
    peaks = torch._foreach_norm(list(tensors), float("inf"))  # noqa: SLF001 - as above
    largest = [peak.clamp(_TINY) for peak in peaks]
    scaled = torch._foreach_div(list(tensors), largest)  # noqa: SLF001 - as above
    norms = torch._foreach_norm(list(scaled), 2)  # noqa: SLF001 - as above
    return tuple(norm * peak for norm, peak in zip(norms, largest, strict=True))


def total_norm(norms_P: Tensor) -> Tensor:
    """L2 norm over all tensors from the norm of each; not finite where one of them is not."""
    largest = norms_P.amax().clamp(_TINY)
    norm: Tensor = largest * torch.linalg.vector_norm(norms_P / largest)
    return norm


def nonzero_counts(tensors: Tensors) -> list[Tensor]:
    return [torch.count_nonzero(tensor) for tensor in tensors]


def count_non_finite(tensors: Tensors) -> Tensor:
    """Entries that are NaN or infinite, over all tensors."""
    return torch.stack([(~torch.isfinite(tensor)).sum() for tensor in tensors]).sum()


def scale_(tensors: Tensors, factor: Tensor) -> None:
    torch._foreach_mul_(list(tensors), factor)
