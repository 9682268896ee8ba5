"""Every cell of the domain has a layer that keeps to its card."""

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import nn

from app.domain.specs.base import kind_of
from app.domain.specs.model import CELLS as DOMAIN_CELLS
from app.domain.specs.model import ModelSpec
from app.domain.specs.model.cell import Recipe, RecurrentSpec
from worker.cells import CELLS, make_layer
from worker.cells.layer import Layer, as_layer

FORMS: list[dict[str, Any]] = [
    *({"kind": kind_of(cell)} for cell in DOMAIN_CELLS),
    {"kind": "elman", "activation": "relu"},
    {"kind": "elman", "activation": "linear"},
]


def spec_of(form: dict[str, Any], *, bidirectional: bool = False) -> RecurrentSpec:
    document = {**form, "hidden_size": 5, "bidirectional": bidirectional}
    return TypeAdapter[ModelSpec](ModelSpec).validate_python(document)


def layer_of(form: dict[str, Any], *, bidirectional: bool = False) -> Layer:
    return make_layer(spec_of(form, bidirectional=bidirectional), 3)


def test_the_cells_of_the_worker_are_those_of_the_domain() -> None:
    assert tuple(cell.spec for cell in CELLS) == DOMAIN_CELLS


def test_a_spec_without_a_layer_is_refused() -> None:
    class Unknown(RecurrentSpec):
        @property
        def recipe(self) -> Recipe:
            return Recipe(module=None, equations=())

    with pytest.raises(LookupError, match="Unknown"):
        make_layer(Unknown(), 3)


def test_a_module_that_is_no_layer_is_refused() -> None:
    with pytest.raises(TypeError, match="Linear"):
        as_layer(nn.Linear(2, 2))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_parameters_are_those_that_the_card_counts(
    form: dict[str, Any], *, bidirectional: bool
) -> None:
    layer = layer_of(form, bidirectional=bidirectional)

    count = sum(parameter.numel() for parameter in layer.parameters())

    each = layer.card.num_parameters(input_size=3, hidden_size=5)
    assert count == each * (1 + bidirectional)
    assert layer.weight_hh_l0.shape == (len(layer.card.blocks) * 5, 5)


@pytest.mark.parametrize("suffix", ["", "_reverse"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_direction_read_in_two_parts_is_the_direction_read_at_once(
    form: dict[str, Any], suffix: str
) -> None:
    layer = layer_of(form, bidirectional=True).double()
    x_TBI = torch.randn(7, 2, 3, dtype=torch.float64)
    x_PBI = x_TBI.flip(0) if suffix else x_TBI
    state = (x_TBI.new_zeros(1, 2, 5),) * len(layer.card.state)

    first_PBH, state = layer.read(x_PBI[:4], state, suffix=suffix)
    second_PBH, state = layer.read(x_PBI[4:], state, suffix=suffix)

    both_TBH = layer(x_TBI)[0]
    whole_PBH = both_TBH[:, :, 5:].flip(0) if suffix else both_TBH[:, :, :5]
    torch.testing.assert_close(torch.cat([first_PBH, second_PBH]), whole_PBH)
    assert len(state) == len(layer.card.state)
    torch.testing.assert_close(state[0][0], whole_PBH[-1])
