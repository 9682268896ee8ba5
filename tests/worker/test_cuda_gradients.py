"""Norms and counts over many tensors are the same numbers on a GPU, at the ends of float32 too."""

import pytest
import torch

from worker.gradients import (
    count_non_finite,
    nonzero_counts,
    scale_,
    tensor_norms,
    total_norm,
)

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]


def tensors_of(dtype: torch.dtype, scale: float) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    shapes = [(7,), (300, 40), (1, 1), (64, 129)]
    return [scale * torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [
        (torch.float32, 1.0),
        (torch.float32, 1e-30),
        (torch.float32, 1e30),
        (torch.float64, 1e-250),
        (torch.float64, 1e250),
    ],
)
def test_norms_on_a_gpu_neither_overflow_nor_underflow(dtype: torch.dtype, scale: float) -> None:
    tensors = tensors_of(dtype, scale)

    on_cpu = torch.stack(tensor_norms(tensors))
    on_gpu = torch.stack(tensor_norms([tensor.cuda() for tensor in tensors]))

    assert on_gpu.dtype is torch.float64
    torch.testing.assert_close(on_gpu.cpu(), on_cpu, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(total_norm(on_gpu).cpu(), total_norm(on_cpu), rtol=1e-12, atol=0.0)


def test_what_is_not_finite_and_what_is_zero_is_counted_on_a_gpu() -> None:
    tensors = [tensor.cuda() for tensor in tensors_of(torch.float32, 1.0)]
    tensors[0][:3] = torch.tensor([float("nan"), float("inf"), 0.0], device="cuda")

    assert int(count_non_finite(tensors)) == 2
    assert [int(count) for count in nonzero_counts(tensors)] == [6, 12_000, 1, 64 * 129]
    assert not torch.isfinite(total_norm(torch.stack(tensor_norms(tensors))))


def test_a_factor_in_double_precision_scales_float32_on_a_gpu() -> None:
    tensors = [tensor.cuda() for tensor in tensors_of(torch.float32, 1.0)]
    expected = [tensor * 0.25 for tensor in tensors]

    scale_(tensors, torch.tensor(0.25, dtype=torch.float64, device="cuda"))

    assert all(torch.equal(one, other) for one, other in zip(tensors, expected, strict=True))
