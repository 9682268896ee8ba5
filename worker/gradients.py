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
    """Returns the L2 norm of each tensor as a scalar in double precision."""
    if tensors[0].dtype != torch.float64:
        return torch._foreach_norm(list(tensors), 2, torch.float64)  # noqa: SLF001 - no public name
    peaks = torch._foreach_norm(list(tensors), float("inf"))  # noqa: SLF001 - no public name
    largest = [peak.clamp(_TINY) for peak in peaks]
    scaled = torch._foreach_div(list(tensors), largest)  # noqa: SLF001 - no public name
    norms = torch._foreach_norm(list(scaled), 2)  # noqa: SLF001 - no public name
    return tuple(norm * peak for norm, peak in zip(norms, largest, strict=True))


def total_norm(norms_P: Tensor) -> Tensor:
    """Returns the L2 norm over all tensors from the norm of each; not finite if one of them is not.

    Norms are divided by the largest first, so that their squares do not overflow.
    """
    largest = norms_P.amax().clamp(_TINY)
    norm: Tensor = largest * torch.linalg.vector_norm(norms_P / largest)
    return norm


def nonzero_counts(tensors: Tensors) -> list[Tensor]:
    """Returns the number of entries of each tensor that are not 0, as scalars on the device."""
    return [torch.count_nonzero(tensor) for tensor in tensors]


def count_non_finite(tensors: Tensors) -> Tensor:
    """Returns the number of entries of all tensors that are NaN or infinite, as one scalar."""
    return torch.stack([(~torch.isfinite(tensor)).sum() for tensor in tensors]).sum()


def scale_(tensors: Tensors, factor: Tensor) -> None:
    """Multiplies all tensors by the scalar, in place."""
    torch._foreach_mul_(list(tensors), factor)
