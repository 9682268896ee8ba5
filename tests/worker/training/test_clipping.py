import numpy as np
import pytest
import torch
from pydantic import JsonValue, TypeAdapter
from torch import Tensor

from app.domain.specs.clipping import ClippingSpec
from worker.gradients import tensor_norms, total_norm
from worker.telemetry.recorder import as_float32
from worker.training.gradient import StepGradient

_specs: TypeAdapter[ClippingSpec] = TypeAdapter(ClippingSpec)


def clipped(
    gradients: list[Tensor], spec: dict[str, JsonValue]
) -> tuple[list[Tensor], float, float]:
    """Gradients after, their norm after, and the coefficient."""
    after = [gradient.clone() for gradient in gradients]
    coefficient = _specs.validate_python(spec).clip(StepGradient.measured(after))
    norm_after = total_norm(torch.stack(tensor_norms(after)))
    return after, norm_after.item(), coefficient.item()


def make_gradients(scale: float = 1.0) -> list[Tensor]:
    return [torch.randn(7, 5) * scale, torch.randn(5) * scale]


def norm_of(gradients: list[Tensor]) -> float:
    flat = torch.cat([gradient.double().flatten() for gradient in gradients])
    return float(flat.norm())


@pytest.mark.parametrize("max_norm", [0.5, 1e3])
def test_clipping_by_norm_keeps_the_direction_and_bounds_the_norm(max_norm: float) -> None:
    gradients = make_gradients()

    after, norm, coefficient = clipped(gradients, {"kind": "norm", "max_norm": max_norm})

    assert norm == pytest.approx(min(norm_of(gradients), max_norm), rel=1e-6)
    assert coefficient == pytest.approx(min(1, max_norm / norm_of(gradients)), rel=1e-6)
    flat, flat_after = (torch.cat([g.flatten() for g in gs]) for gs in (gradients, after))
    assert torch.cosine_similarity(flat, flat_after, dim=0).item() == pytest.approx(1, abs=1e-6)


def test_a_small_gradient_is_untouched_bit_for_bit() -> None:
    gradients = make_gradients(scale=1e-3)

    after, _, coefficient = clipped(gradients, {"kind": "norm"})

    assert coefficient == 1
    assert all(torch.equal(a, b) for a, b in zip(gradients, after, strict=True))


@pytest.mark.parametrize("scale", [1e25, 1e-25])
def test_the_norm_of_a_huge_or_tiny_finite_gradient_is_right(scale: float) -> None:
    gradients = make_gradients(scale=scale)

    _, norm, _ = clipped(gradients, {"kind": "norm", "max_norm": 1.0, "min_norm": 1.0})

    assert norm == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_norms_in_double_precision_neither_overflow_nor_underflow(scale: float) -> None:
    gradients = [torch.full((3,), scale, dtype=torch.float64)]

    norm = total_norm(torch.stack(tensor_norms(gradients)))

    assert norm.item() == pytest.approx(scale * 3**0.5)


def test_min_norm_raises_a_small_gradient_and_says_so() -> None:
    gradients = make_gradients(scale=1e-6)

    _, norm, coefficient = clipped(gradients, {"kind": "norm", "max_norm": 1.0, "min_norm": 0.1})

    assert norm == pytest.approx(0.1, rel=1e-5)
    assert coefficient > 1


def test_a_zero_gradient_stays_zero() -> None:
    _, norm, coefficient = clipped(
        [torch.zeros(3)], {"kind": "norm", "max_norm": 1.0, "min_norm": 0.1}
    )

    assert (norm, coefficient) == (0.0, 1.0)


def test_a_gradient_that_is_not_finite_is_not_hidden_by_clipping() -> None:
    gradients = [torch.tensor([1.0, float("inf")])]

    after, _, _ = clipped(gradients, {"kind": "norm"})

    assert after[0].tolist() == [1.0, float("inf")]


def test_clipping_by_value_clamps_each_entry_and_turns_the_gradient() -> None:
    gradients = [torch.tensor([3.0, -4.0, 0.1])]

    after, norm, coefficient = clipped(gradients, {"kind": "value", "max_value": 0.5})

    assert after[0].tolist() == [0.5, -0.5, pytest.approx(0.1)]
    assert coefficient == pytest.approx(norm / norm_of(gradients))
    assert torch.cosine_similarity(gradients[0], after[0], dim=0).item() < 1


def test_none_leaves_the_gradient_alone() -> None:
    _, norm, coefficient = clipped([torch.tensor([300.0])], {"kind": "none"})

    assert (norm, coefficient) == (300.0, 1.0)


@pytest.mark.parametrize(("max_norm", "is_zeroed"), [(1.0, False), (1e-10, True)])
def test_a_step_that_clipping_zeroes_is_told_by_its_coefficient(
    max_norm: float, *, is_zeroed: bool
) -> None:
    # its square is far beyond float32, and torch's own clipping would zero it in any case
    gradients = make_gradients(scale=1e36)

    after, _, coefficient = clipped(gradients, {"kind": "norm", "max_norm": max_norm})

    assert bool(as_float32(np.array([coefficient]))[0] == 0) is is_zeroed
    assert all(bool((gradient == 0).all()) is is_zeroed for gradient in after)
