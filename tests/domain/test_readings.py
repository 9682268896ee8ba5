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


def test_a_series_that_was_not_measured_yet_may_be_of_a_scope_that_there_is_not() -> None:
    (series,) = choose_series(AVAILABLE, quantities=["sigma_max"], scopes=["layer:one"])

    assert (series.scope, series.tensor) == ("layer:one", None)


def test_a_quantity_that_was_asked_for_twice_is_answered_once() -> None:
    assert _chosen("loss", "loss") == [("loss", "model")]


def test_what_was_not_measured_yet_is_empty_and_not_an_error() -> None:
    assert _chosen("gate_mean", scopes=("gate:0/forget",)) == [("gate_mean", "gate:0/forget")]
    assert _chosen("gate_mean") == [("gate_mean", "model")]


def test_a_scope_that_was_asked_for_twice_is_answered_once() -> None:
    assert _chosen("mse", scopes=("test", "test")) == [("mse", "test")]


def test_series_come_in_the_order_of_what_was_asked() -> None:
    assert _chosen("mse", "loss", scopes=("validation", "model", "test")) == [
        ("mse", "validation"),
        ("mse", "test"),
        ("loss", "model"),
    ]


def test_a_metric_that_was_not_measured_yet_is_known_and_has_no_scope() -> None:
    early = Available(tensor_names=(), scalar_scopes={}, metric="accuracy")

    assert "accuracy" in early.quantities()
    assert early.scopes("accuracy") == ()
    assert [name.scope for name in choose_series(early, quantities=["accuracy"], scopes=[])] == [
        "model"
    ]


def test_without_a_metric_there_is_none_among_the_quantities() -> None:
    nothing = Available(tensor_names=(), scalar_scopes={}, metric=None)

    assert None not in nothing.quantities()
    assert list(nothing.quantities()) == sorted(nothing.quantities())


def test_a_quantity_of_every_step_has_the_model_and_each_tensor_for_a_scope() -> None:
    assert AVAILABLE.scopes("grad_norm") == (
        "model",
        "tensor:rnn.weight_hh_l0",
        "tensor:readout.bias",
    )
    assert AVAILABLE.scopes("loss") == ("model",)
    assert AVAILABLE.scopes("spectral_radius") == ("layer:0",)


def test_every_mistake_is_told_and_the_first_one_leads() -> None:
    with pytest.raises(InvalidInput) as raised:
        _chosen("lost", "loss", "found", scopes=("test",))

    assert [problem.code for problem in raised.value.problems] == ["unknown"] * 3
    assert [problem.pointer for problem in raised.value.problems] == [
        "query/quantity",
        "query/scope",
        "query/quantity",
    ]
    assert raised.value.detail == raised.value.problems[0].detail


def test_a_name_that_is_too_long_to_repeat_is_cut() -> None:
    with pytest.raises(InvalidInput) as quantity:
        _chosen("q" * 101)
    with pytest.raises(InvalidInput) as scope:
        _chosen("loss", scopes=("s" * 101,))

    assert f"'{'q' * 100}';" in quantity.value.detail
    assert f"the scope {'s' * 100};" in scope.value.detail


@pytest.mark.parametrize(("num_scopes", "is_cut"), [(1, False), (40, False), (41, True)])
def test_a_long_list_of_scopes_is_cut(num_scopes: int, *, is_cut: bool) -> None:
    scopes = [f"layer:{index}" for index in range(num_scopes)]
    many = Available(tensor_names=(), scalar_scopes={"sigma_max": scopes}, metric=None)

    with pytest.raises(InvalidInput) as raised:
        choose_series(many, quantities=["sigma_max"], scopes=["model"])

    told = ", ".join(scopes[:40]) + (", …" if is_cut else "")
    assert raised.value.detail == (
        f"sigma_max is not read in the scope model; its scopes are {told}."
    )


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
