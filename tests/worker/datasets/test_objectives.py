"""Losses of tensors: values against plain formulas, gradients against finite differences."""

import math

import numpy as np
import pytest
import torch
from pydantic import JsonValue, TypeAdapter

from app.domain.specs.loss import LossSpec
from app.domain.specs.loss.base import Loss
from worker.datasets.objectives import NumberError

_losses: TypeAdapter[Loss] = TypeAdapter(LossSpec)
GIVEN: list[JsonValue] = [
    "mse",
    "mae",
    {"kind": "huber", "delta": 0.7},
    {"kind": "quantile", "levels": [0.1, 0.5, 0.8]},
    "poisson",
]


def plain(given: JsonValue, outputs: list[float], wanted: float) -> float:
    """The loss of one target, in plain formulas."""
    error = wanted - outputs[0]
    if given == "mse":
        return error**2
    if given == "mae":
        return abs(error)
    if given == "poisson":
        return math.exp(outputs[0]) - wanted * outputs[0]
    assert isinstance(given, dict)
    if given["kind"] == "huber":
        return error**2 / 2 if abs(error) <= 0.7 else 0.7 * (abs(error) - 0.35)
    errors = [wanted - output for output in outputs]
    pairs = zip((0.1, 0.5, 0.8), errors, strict=True)
    return sum(max(level * error, (level - 1) * error) for level, error in pairs) / 3


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("given", GIVEN)
def test_a_loss_and_its_gradient_are_those_of_the_formula(
    given: JsonValue, *, has_gaps: bool
) -> None:
    loss = _losses.validate_python(given)
    rng = np.random.default_rng(4)
    width = loss.outputs_per_target
    outputs_NK = rng.normal(0, 1, (6, 2 * width))
    targets_NO = rng.gamma(1, 1, (6, 2))
    if has_gaps:
        targets_NO[1, 0] = targets_NO[4, 1] = np.nan

    def term(outputs_K: list[float], row: int) -> float:
        sizes = [
            plain(given, outputs_K[place * width : (place + 1) * width], float(wanted))
            for place, wanted in enumerate(targets_NO[row])
            if not math.isnan(wanted)
        ]
        return sum(sizes) / len(sizes)

    outputs = torch.from_numpy(outputs_NK).requires_grad_()
    terms_N = NumberError(loss, has_gaps=has_gaps).loss_terms(outputs, torch.from_numpy(targets_NO))
    (gradient_NK,) = torch.autograd.grad(terms_N.sum(), outputs)

    for row in range(6):
        there = outputs_NK[row].tolist()
        assert terms_N[row].item() == pytest.approx(term(there, row), rel=1e-12)
        for place in range(2 * width):
            above, below = list(there), list(there)
            above[place] += 1e-6
            below[place] -= 1e-6
            slope = (term(above, row) - term(below, row)) / 2e-6
            assert gradient_NK[row, place].item() == pytest.approx(slope, abs=1e-7)
