"""The critical gain against published figures, a simulated network and its own definition."""

import math

import numpy as np
import pytest
import torch

from app.domain.specs.init import InitSpec
from app.domain.specs.model.elman import ElmanSpec
from tests.domain.builders import task
from worker.cells.layer import Layer
from worker.models.criticality import critical_gain, log_chi, make_critical_
from worker.models.initialisation import initialise
from worker.models.network import SequenceModel, build_model


@pytest.mark.parametrize(
    ("gain", "drive", "exponent"),
    [
        (0.9, 0.1, -0.2637),
        (1.5, 0.1, 0.0262),
        (1.5, 1.0, -0.1418),
        (2.0, 1.0, 0.0460),
        (3.0, 0.1, 0.3057),
        (1.5, 0.0, 0.0652),
        (2.0, 0.0, 0.1547),
        (3.0, 0.0, 0.3103),
    ],
)
def test_half_of_log_chi_is_the_exponent_of_mean_field_theory(
    gain: float, drive: float, exponent: float
) -> None:
    assert log_chi(gain, drive) / 2 == pytest.approx(exponent, abs=1e-4)


@pytest.mark.parametrize("drive", [1e-4, 0.1, 1.0, 30.0, 1e6])
def test_at_the_critical_gain_chi_is_one(drive: float) -> None:
    gain = critical_gain("tanh", drive)

    assert log_chi(gain, drive) == pytest.approx(0, abs=1e-6)
    assert gain > 1


def test_input_makes_the_critical_gain_larger() -> None:
    gains = [critical_gain("tanh", drive) for drive in (0.01, 0.1, 1.0, 10.0)]

    assert gains == sorted(gains)
    assert critical_gain("relu", 5.0) == math.sqrt(2)
    assert critical_gain("linear", 5.0) == 1


def critical_model(x_TBI: torch.Tensor, lengths_B: torch.Tensor | None = None) -> SequenceModel:
    spec = ElmanSpec(kind="elman", hidden_size=400, num_layers=2, bidirectional=True)
    model = build_model(spec, task(input_size=x_TBI.shape[2])).double()
    init = InitSpec.model_validate({"recurrent": {"kind": "critical"}})
    initialise(model, init, forget_bias=None, seed=0)
    make_critical_(model, x_TBI, lengths_B)
    return model


def recurrent_of(layer: Layer) -> torch.Tensor:
    return dict(layer.named_parameters())["weight_hh_l0"].detach()


def test_a_gradient_keeps_its_norm_in_a_critical_network() -> None:
    generator = torch.Generator().manual_seed(0)
    x_TBI = torch.randn(60, 8, 32, dtype=torch.float64, generator=generator)
    layer = critical_model(x_TBI).layer(0)
    weight_HH = recurrent_of(layer)
    hidden_TBH = layer(x_TBI)[0].detach()[:, :, :400]

    gradient_BH = torch.randn(8, 400, dtype=torch.float64, generator=generator)
    rates = []
    for t in reversed(range(20, 60)):
        before = gradient_BH.norm()
        gradient_BH = (gradient_BH * (1 - hidden_TBH[t] ** 2)) @ weight_HH
        rates.append(float((gradient_BH.norm() / before).log()))

    # a gain of 1 would give about -0.35, one of 2 about +0.1
    assert np.mean(rates) == pytest.approx(0, abs=0.03)


def test_padding_drives_nothing() -> None:
    x_TBI = torch.randn(10, 4, 3, dtype=torch.float64)
    lengths_B = torch.tensor([10, 7, 3, 5])
    spoilt_TBI = x_TBI.clone()
    spoilt_TBI[torch.arange(10)[:, None] >= lengths_B] = 1e3
    torch.manual_seed(0)
    model = build_model(ElmanSpec(kind="elman", hidden_size=8), task(input_size=3)).double()
    again = build_model(ElmanSpec(kind="elman", hidden_size=8), task(input_size=3)).double()
    again.load_state_dict(model.state_dict())

    make_critical_(model, x_TBI, lengths_B)
    make_critical_(again, spoilt_TBI, lengths_B)

    assert torch.equal(recurrent_of(model.layer(0)), recurrent_of(again.layer(0)))
