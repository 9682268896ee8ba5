"""Remedies for gradients that do not reach back, and for those that grow."""

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedy import Ailment
from app.domain.specs.init import InitSpec
from app.domain.specs.job import JobSpec
from tests.domain.builders import job
from tests.domain.diagnosis.remedies.drawn import drawn, treated

LSTM: JsonValue = {"kind": "lstm"}
GRU: JsonValue = {"kind": "gru"}
RELU: JsonValue = {"activation": "relu"}
UNUSUAL: dict[str, JsonValue] = {
    "recurrent": {"kind": "spectral_radius", "radius": 4.0},
    "input": {"kind": "xavier_uniform", "gain": 200.0},
    "bias": {"kind": "normal", "std": 8.0},
}


def test_a_cut_gradient_is_let_through_the_whole_sequence() -> None:
    spec = job(training={"bptt_length": 3})

    whole = treated("lengthen_bptt", spec, required_lag=19, length=20)

    assert whole.training.bptt_length is None


def test_in_a_very_long_sequence_it_is_cut_well_beyond_the_lag() -> None:
    spec = job(dataset={"length": 5000}, training={"bptt_length": 3})

    assert drawn("lengthen_bptt", spec, required_lag=19, length=5000) == {
        "training": {"bptt_length": 40}
    }


@pytest.mark.parametrize("cut", [None, 40])
def test_a_gradient_that_reaches_well_beyond_the_lag_is_not_let_further(cut: int | None) -> None:
    spec = job(dataset={"length": 5000}, training={"bptt_length": cut})

    assert drawn("lengthen_bptt", spec, required_lag=19, length=5000) is None


@pytest.mark.parametrize(("lag", "cut"), [(50, 51), (None, 50)])
def test_a_growing_gradient_is_cut_where_the_task_needs_no_more(lag: int | None, cut: int) -> None:
    assert drawn("shorten_bptt", job(), required_lag=lag, length=200) == {
        "training": {"bptt_length": cut}
    }


@pytest.mark.parametrize(("lag", "length"), [(199, 200), (50, None)])
def test_a_gradient_that_the_task_needs_is_not_cut(lag: int, length: int | None) -> None:
    assert drawn("shorten_bptt", job(), required_lag=lag, length=length) is None


def test_forget_gates_are_opened_for_the_lag() -> None:
    spec = job(model=LSTM, init={"forget_bias": -10.0})

    assert drawn("raise_forget_bias", spec, required_lag=199) == {"init": {"forget_bias": 5.29}}


@pytest.mark.parametrize("spec", [job(), job(model=LSTM, init={"forget_bias": 6.0})])
def test_gates_that_are_open_or_absent_are_not_opened(spec: JobSpec) -> None:
    assert drawn("raise_forget_bias", spec, required_lag=199) is None


@pytest.mark.parametrize(
    ("model", "init"),
    [
        (GRU, {"bias": {"kind": "normal", "std": 8.0}}),
        (LSTM, {"forget_bias": -5.0}),
        (GRU, {"bias": {"kind": "chrono", "max_lag": 10_000_000}}),
        (GRU, {"bias": {"kind": "chrono", "max_lag": 2}}),
    ],
)
def test_time_constants_reach_up_to_the_lag(
    model: dict[str, JsonValue], init: dict[str, JsonValue]
) -> None:
    spec = treated("set_time_constants", job(model=model, init=init), required_lag=20)

    assert spec.init.bias.max_lag == 20  # type: ignore[union-attr] # it is chrono
    assert spec.init.forget_bias is None


def test_without_a_lag_they_reach_through_the_sequence() -> None:
    spec = treated("set_time_constants", job(model=GRU), length=30)

    assert spec.init.bias.max_lag == 29  # type: ignore[union-attr] # it is chrono


@pytest.mark.parametrize("max_lag", [None, 10, 40])
def test_time_constants_near_the_lag_stay(max_lag: int | None) -> None:
    spec = job(model=GRU, init={"bias": {"kind": "chrono", "max_lag": max_lag}})

    assert drawn("set_time_constants", spec, required_lag=20) is None


@pytest.mark.parametrize(("model", "lag"), [({"kind": "elman"}, 20), (GRU, None), (GRU, 0)])
def test_cells_without_gates_and_tasks_without_a_lag_have_no_time_constants(
    model: dict[str, JsonValue], lag: int | None
) -> None:
    assert drawn("set_time_constants", job(model=model), required_lag=lag) is None


def test_every_weight_that_starts_unusually_starts_as_by_default() -> None:
    assert treated("usual_start", job(init=UNUSUAL)).init == InitSpec()


def test_a_critical_start_and_a_forget_bias_of_ten_below_are_told_apart() -> None:
    critical = job(init={"recurrent": {"kind": "critical"}})
    closed = job(model=LSTM, init={"forget_bias": -10.0, "bias": {"kind": "torch_default"}})

    assert drawn("usual_start", critical) is None
    assert drawn("usual_start", closed) == {"init": {"forget_bias": None}}


@pytest.mark.parametrize(
    "recurrent",
    [
        {"kind": "identity", "gain": 1.0},
        {"kind": "spectral_radius", "radius": 1.0},
        {"kind": "orthogonal"},
    ],
)
def test_a_start_that_neither_grows_nor_decays_stays(recurrent: dict[str, JsonValue]) -> None:
    assert drawn("usual_start", job(init={"recurrent": recurrent})) is None


def test_a_radius_is_scaled_to_one_or_replaced() -> None:
    spec = job(init={"recurrent": {"kind": "spectral_radius", "radius": 4.0}})

    assert drawn("scale_recurrent_init", spec) == {"init": {"recurrent": {"radius": 1.0}}}
    assert treated("orthogonal_recurrent_init", spec).init.recurrent.kind == "orthogonal"


@pytest.mark.parametrize("kind", ["scale_recurrent_init", "orthogonal_recurrent_init"])
def test_an_orthogonal_start_stays(kind: str) -> None:
    assert drawn(kind, job()) is None


@pytest.mark.parametrize("kind", ["use_gated_cell", "use_lstm_with_forget_bias"])
@pytest.mark.parametrize("init", [UNUSUAL, {"recurrent": {"kind": "critical"}}])
def test_another_cell_keeps_no_unusual_start_and_is_not_tiny(
    kind: str, init: dict[str, JsonValue]
) -> None:
    spec = treated(kind, job(model={"hidden_size": 2}, init=init), required_lag=20)

    assert spec.model.card.gates
    assert spec.model.hidden_size == 16
    assert spec.init.model_copy(update={"forget_bias": None}) == InitSpec()


@pytest.mark.parametrize("model", [LSTM, GRU])
def test_a_gated_cell_is_not_replaced_by_a_gated_cell(model: dict[str, JsonValue]) -> None:
    assert drawn("use_gated_cell", job(model=model)) is None


def test_an_lstm_is_not_replaced_by_an_lstm() -> None:
    assert drawn("use_lstm_with_forget_bias", job(model=LSTM)) is None


def test_rectified_units_become_tanh_units_and_the_other_way_round() -> None:
    relu = job(model=RELU, init={"recurrent": {"kind": "identity"}})

    assert treated("use_tanh", relu).model.nonlinearity == "tanh"
    assert treated("use_identity_relu", job()).model.nonlinearity == "relu"
    assert drawn("use_tanh", job()) is None
    assert drawn("use_tanh", job(model=GRU)) is None
    assert drawn("use_identity_relu", relu) is None
    assert drawn("use_identity_relu", job(model=GRU)) is None


@pytest.mark.parametrize(
    ("numbers", "gain"),
    [
        ({"required_lag": 199, "length": 200}, 0.975),
        ({"required_lag": None, "length": 150}, 0.967),
        ({"required_lag": 5}, 0.95),
        ({"required_lag": 9_000}, 0.999),
        ({}, 0.95),
    ],
)
def test_a_rectified_unit_adds_up_its_inputs_over_a_fifth_of_the_lag(
    numbers: dict[str, int | None], gain: float
) -> None:
    assert drawn("use_identity_relu", job(), **numbers) == {
        "model": {"activation": "relu"},
        "init": {"recurrent": {"kind": "identity", "gain": gain}},
    }


def test_rectified_units_that_forget_before_the_lag_is_over_keep_more() -> None:
    fades = job(model=RELU, init={"recurrent": {"kind": "identity", "gain": 0.9}})

    keeps = treated("use_identity_relu", fades, required_lag=199)

    assert drawn("use_identity_relu", keeps, required_lag=199) is None


def test_the_reason_for_a_gain_below_one_has_its_numbers() -> None:
    ailment = Ailment(cause="contractive_recurrence", required_lag=199)

    (remedy,) = (one for one in prescribe(ailment, job()) if one.kind == "use_identity_relu")

    assert "0.975 times the identity" in remedy.reason
    assert "0.65 % of the gradient back over 199 timesteps" in remedy.reason
    assert "about 40 timesteps" in remedy.reason
