import math

import pytest
import torch

from tests.numerics.networks import look_at, network_of, read, sample_for
from worker.models.network import SequenceModel
from worker.probes.activations import measure_activations
from worker.probes.gates import measure_gates
from worker.probes.recurrent_matrix import measure_recurrent_matrices


def zeroed(network: SequenceModel, bias: torch.Tensor) -> SequenceModel:
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.zero_()
        dict(network.layers[0].named_parameters())["bias_ih_l0"].copy_(bias)
    return network


def test_gates_stand_where_their_biases_put_them() -> None:
    bias = torch.tensor([0.0, 4.0, 0.5, -1.0]).repeat_interleave(5)
    network = zeroed(network_of("lstm", sizes=(2, 5, 1)), bias)
    sample = sample_for(network, num_timesteps=10, batch_size=3)

    readings = {
        (r.quantity, str(r.scope)): r.value for r in measure_gates(look_at(network, sample))
    }

    forget = 1 / (1 + math.exp(-4.0))
    assert readings["gate_mean", "gate:0/input"] == 0.5
    assert readings["gate_mean", "gate:0/forget"] == pytest.approx(forget)
    assert readings["gate_mean", "gate:0/cell"] == pytest.approx(math.tanh(0.5))
    assert readings["mean_derivative", "gate:0/forget"] == pytest.approx(forget * (1 - forget))
    assert readings["saturated_fraction", "gate:0/forget"] == 1.0
    assert readings["saturated_fraction", "gate:0/output"] == 0.0


def test_gates_of_each_direction_and_layer_have_their_scope() -> None:
    network = network_of("gru", num_layers=2, bidirectional=True)
    sample = sample_for(network, num_timesteps=10, batch_size=3, varied=True)

    scopes = {str(reading.scope) for reading in measure_gates(look_at(network, sample))}

    names = ("reset", "update", "new")
    layers = ("0", "0/reverse", "1", "1/reverse")
    assert scopes == {f"gate:{layer}/{name}" for layer in layers for name in names}


def test_gates_of_padding_do_not_count() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=20, batch_size=6, varied=True)
    before = measure_gates(look_at(network, sample))

    padding_TB = torch.arange(20)[:, None] >= sample.valid_lengths()
    sample.x_TBI[padding_TB] = 1e4

    assert measure_gates(look_at(network, sample)) == before


def test_a_relu_unit_that_never_fires_is_dead() -> None:
    bias = torch.tensor([1.0, -1.0, -1.0, -1.0])
    network = zeroed(network_of(activation="relu", sizes=(2, 4, 1)), bias)
    sample = sample_for(network, num_timesteps=10, batch_size=3)

    readings = measure_activations(look_at(network, sample))

    assert [(r.quantity, str(r.scope), r.value) for r in readings] == [
        ("dead_fraction", "layer:0", 0.75),
        ("always_on_fraction", "layer:0", 0.25),
        ("mean_derivative", "layer:0", 0.25),
    ]


def test_a_tanh_unit_at_its_limit_is_saturated() -> None:
    bias = torch.tensor([3.0, -3.0, 0.1, 0.0])
    network = zeroed(network_of(sizes=(2, 4, 1)), bias)
    sample = sample_for(network, num_timesteps=10, batch_size=3)

    saturated, derivative = measure_activations(look_at(network, sample))

    assert (saturated.quantity, saturated.value) == ("saturated_fraction", 0.5)
    slopes = [1 - math.tanh(b) ** 2 for b in (3.0, -3.0, 0.1, 0.0)]
    assert (derivative.quantity, str(derivative.scope)) == ("mean_derivative", "layer:0")
    assert derivative.value == pytest.approx(sum(slopes) / 4, rel=1e-6)


def test_a_spectrum_is_measured_gate_by_gate() -> None:
    network = network_of("lstm", sizes=(2, 4, 1))
    with torch.no_grad():
        weight = dict(network.layers[0].named_parameters())["weight_hh_l0"]
        weight.copy_(torch.cat([k * torch.eye(4) for k in (1.0, 2.0, 3.0, 4.0)]))
    sample = sample_for(network, num_timesteps=4, batch_size=2)

    readings = read(measure_recurrent_matrices(look_at(network, sample)))

    radii = {str(r.scope): r.value for r in readings if r.quantity == "spectral_radius"}
    expected = {"input": 1.0, "forget": 2.0, "cell": 3.0, "output": 4.0}
    assert radii == pytest.approx({f"gate:0/{name}": value for name, value in expected.items()})
