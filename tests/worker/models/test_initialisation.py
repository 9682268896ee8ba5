import numpy as np
import pytest
import torch
from pydantic import JsonValue, TypeAdapter

from app.domain.specs.init import InitSpec
from app.domain.specs.model import ModelSpec
from tests.domain.builders import task
from worker.models.initialisation import Initialiser
from worker.models.network import SequenceModel, build_model

_model_specs: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)


def started(
    kind: str = "elman",
    *,
    init: dict[str, JsonValue] | None = None,
    forget_bias: float | None = None,
    hidden_size: int = 64,
    seed: int = 0,
    longest_lag: int = 1,
) -> dict[str, torch.Tensor]:
    spec = _model_specs.validate_python({"kind": kind, "hidden_size": hidden_size, "num_layers": 2})
    model = build_model(spec, task(input_size=16)).double()
    Initialiser(
        init=InitSpec.model_validate(init or {}),
        forget_bias=forget_bias,
        seed=seed,
        longest_lag=longest_lag,
    ).initialise_(model)
    return {name: weight.detach() for name, weight in model.named_tensors()}


def gates(weight: torch.Tensor) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    return [gate.numpy() for gate in weight.split(64)]


@pytest.mark.parametrize(("kind", "num_gates"), [("elman", 1), ("gru", 3), ("lstm", 4)])
def test_each_gate_of_a_recurrent_matrix_is_orthogonal_times_the_gain(
    kind: str, num_gates: int
) -> None:
    weights = started(kind, init={"recurrent": {"kind": "orthogonal", "gain": 0.9}})

    found = gates(weights["rnn.weight_hh_l1"])

    assert len(found) == num_gates
    for gate in found:
        np.testing.assert_allclose(gate @ gate.T, 0.81 * np.eye(64), atol=1e-12)


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_each_gate_has_the_spectral_radius_that_was_asked_for(kind: str) -> None:
    weights = started(kind, init={"recurrent": {"kind": "spectral_radius", "radius": 3.0}})

    radii = [np.abs(np.linalg.eigvals(gate)).max() for gate in gates(weights["rnn.weight_hh_l0"])]

    np.testing.assert_allclose(radii, 3.0, rtol=1e-12)


def test_identity_is_the_identity_of_each_gate() -> None:
    weights = started("gru", init={"recurrent": {"kind": "identity", "gain": 0.5}})

    for gate in gates(weights["rnn.weight_hh_l0"]):
        np.testing.assert_array_equal(gate, 0.5 * np.eye(64))


@pytest.mark.parametrize("forget_bias", [1.0, -2.5, 0.0])
def test_the_two_forget_biases_sum_to_the_one_that_was_asked_for(forget_bias: float) -> None:
    weights = started("lstm", init={"bias": {"kind": "torch_default"}}, forget_bias=forget_bias)

    for layer in range(2):
        both = weights[f"rnn.bias_ih_l{layer}"] + weights[f"rnn.bias_hh_l{layer}"]
        np.testing.assert_array_equal(both[64:128].numpy(), forget_bias)
        assert (both[:64] != 0).all()


def test_a_chrono_gru_has_it_in_the_gate_that_keeps() -> None:
    weights = started("gru", init={"bias": {"kind": "chrono", "max_lag": 100}})

    reset, update, new = gates(weights["rnn.bias_ih_l0"])
    assert np.exp(update).mean() == pytest.approx(50.5, abs=15)
    assert not reset.any()
    assert not new.any()


def test_a_forget_bias_that_is_asked_for_wins_over_chrono() -> None:
    init: dict[str, JsonValue] = {"bias": {"kind": "chrono", "max_lag": 100}}

    entering, forget, *_ = gates(started("lstm", init=init, forget_bias=2.0)["rnn.bias_ih_l0"])

    assert (forget == 2).all()
    assert (entering <= 0).all()


def test_only_one_of_the_two_biases_is_drawn() -> None:
    weights = started("gru", init={"bias": {"kind": "normal", "std": 0.1}})

    assert (weights["rnn.bias_ih_l0"] != 0).all()
    assert (weights["rnn.bias_hh_l0"] == 0).all()


def test_weights_are_a_pure_function_of_the_seed() -> None:
    first, again, other = started(seed=3), started(seed=3), started(seed=4)

    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["rnn.weight_hh_l0"], other["rnn.weight_hh_l0"])
    assert not torch.equal(first["rnn.weight_hh_l0"], first["rnn.weight_hh_l1"])


def test_building_names_tensors_as_a_torch_module_of_many_layers_would() -> None:
    spec = _model_specs.validate_python({"kind": "gru", "num_layers": 2, "bidirectional": True})
    whole = torch.nn.GRU(2, 64, num_layers=2, bidirectional=True)

    model: SequenceModel = build_model(spec, task())

    names = {name for name, _ in model.named_tensors()}
    assert names == {
        *(f"rnn.{name}" for name, _ in whole.named_parameters()),
        "readout.weight",
        "readout.bias",
    }
