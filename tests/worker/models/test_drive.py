"""Networks whose recurrent matrices are scaled for the data."""

import numpy as np
import pytest
import torch

from app.domain.specs.init import InitSpec
from app.domain.specs.init.critical import Critical
from app.domain.specs.model.elman import ElmanSpec
from tests.domain.builders import task
from worker.cells.layer import Layer
from worker.models.drive import scale_to_drive_
from worker.models.initialisation import Initialiser
from worker.models.network import SequenceModel, build_model

CRITICAL = Critical(kind="critical")


def critical_model(x_TBI: torch.Tensor, lengths_B: torch.Tensor | None = None) -> SequenceModel:
    spec = ElmanSpec(kind="elman", hidden_size=400, num_layers=2, bidirectional=True)
    model = build_model(spec, task(input_size=x_TBI.shape[2])).double()
    init = InitSpec(recurrent=CRITICAL)
    Initialiser(init=init, forget_bias=None, seed=0).initialise_(model)
    scale_to_drive_(model, CRITICAL, x_TBI, lengths_B)
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

    scale_to_drive_(model, CRITICAL, x_TBI, lengths_B)
    scale_to_drive_(again, CRITICAL, spoilt_TBI, lengths_B)

    assert torch.equal(recurrent_of(model.layer(0)), recurrent_of(again.layer(0)))
