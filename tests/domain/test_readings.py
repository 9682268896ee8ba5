"""Which series a request means, and what it is told when there is none."""

import pytest

from app.domain.errors import InvalidInput
from app.domain.readings import Available, choose_series

AVAILABLE = Available(
    tensor_names=("rnn.weight_hh_l0", "readout.bias"),
    scalar_scopes={"mse": ("test", "validation"), "spectral_radius": ("layer:0",)},
    metric="mse",
)


def _chosen(*quantities: str, scopes: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = choose_series(AVAILABLE, quantities=quantities, scopes=scopes)
    return [(name.quantity, name.scope) for name in found]


def test_without_a_scope_the_model_is_meant_or_all_scopes_there_are() -> None:
    assert _chosen("loss", "mse") == [("loss", "model"), ("mse", "test"), ("mse", "validation")]
    assert _chosen("weight_norm") == [
        ("weight_norm", "tensor:rnn.weight_hh_l0"),
        ("weight_norm", "tensor:readout.bias"),
    ]


def test_a_scope_selects_where_a_quantity_has_it() -> None:
    scopes = ("model", "tensor:readout.bias", "validation")

    assert _chosen("grad_norm", "mse", scopes=scopes) == [
        ("grad_norm", "model"),
        ("grad_norm", "tensor:readout.bias"),
        ("mse", "validation"),
    ]


def test_a_series_knows_its_tensor_and_its_unit() -> None:
    whole, tensor = choose_series(
        AVAILABLE, quantities=["grad_norm"], scopes=["model", "tensor:readout.bias"]
    )

    assert (whole.tensor, tensor.tensor) == (None, "readout.bias")
    assert whole.unit == "loss / weight"


def test_a_quantity_that_was_asked_for_twice_is_answered_once() -> None:
    assert _chosen("loss", "loss") == [("loss", "model")]


def test_what_was_not_measured_yet_is_empty_and_not_an_error() -> None:
    assert _chosen("gate_mean", scopes=("gate:0/forget",)) == [("gate_mean", "gate:0/forget")]
    assert _chosen("gate_mean") == [("gate_mean", "model")]


@pytest.mark.parametrize(
    ("quantity", "scope", "pointer", "told"),
    [
        ("lost", "model", "query/quantity", "loss"),
        ("loss", "validation", "query/scope", "its scopes are model"),
        ("grad_norm", "tensor:other", "query/scope", "tensor:rnn.weight_hh_l0"),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(
    quantity: str, scope: str, pointer: str, told: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        _chosen(quantity, scopes=(scope,))

    assert raised.value.problems[0].pointer == pointer
    assert told in raised.value.problems[0].detail
