"""Parameter gradients rebuilt from the replay are autograd's: a profile is the true gradient."""

import itertools
import math
from dataclasses import replace

import pytest
import torch

from app.domain.integrity import failed_checks, has_passed
from app.domain.specs.model.cell import Nonlinearity
from app.domain.telemetry import ScalarReading
from tests.numerics.networks import look_at, network_of, sample_for
from tests.worker.builders import make_spec, train_spec
from worker.cells.gru import GruLayer, GruLinearisation, linearise_gru
from worker.cells.states import DirectionStates
from worker.probes.checksum import measure_checksum
from worker.replay.parameter_gradients import autograd_pass, mean_loss
from worker.replay.states import run_layer

CELLS: list[tuple[str, Nonlinearity]] = [
    ("elman", "tanh"),
    ("elman", "relu"),
    ("elman", "linear"),
    ("gru", "tanh"),
    ("lstm", "tanh"),
]
VARIANTS = list(itertools.product(CELLS, (1, 2), (False, True), (True, False)))


@pytest.mark.parametrize(("cell", "num_layers", "bidirectional", "many_to_one"), VARIANTS)
def test_rebuilt_gradients_are_autograds(
    cell: tuple[str, Nonlinearity],
    *,
    num_layers: int,
    bidirectional: bool,
    many_to_one: bool,
) -> None:
    network = network_of(
        cell[0],
        activation=cell[1],
        sizes=(3, 8, 2),
        num_layers=num_layers,
        bidirectional=bidirectional,
        many_to_one=many_to_one,
    )

    sample = sample_for(network, num_timesteps=30, batch_size=6, varied=True)
    exact, single = measure_checksum(look_at(network, sample))
    exact_sample = replace(sample, x_TBI=sample.x_TBI.double(), targets=sample.targets.double())
    double, trained = measure_checksum(look_at(network.double(), exact_sample))

    assert single.value < 1e-5
    assert exact.value < 1e-12
    assert double.value == trained.value < 1e-12


def test_a_wrong_replay_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of("gru", sizes=(3, 8, 2)).double()
    sample = sample_for(network, num_timesteps=20, batch_size=4)

    def without_reset(_layer: GruLayer, states: DirectionStates) -> GruLinearisation:
        exact = linearise_gru(states)
        return replace(exact, reset_PBH=torch.ones_like(exact.reset_PBH))

    monkeypatch.setattr(GruLayer, "linearise", without_reset)
    exact, trained = measure_checksum(look_at(network, sample))

    assert exact.value == trained.value > 1e-3


@pytest.mark.parametrize("many_to_one", [True, False])
def test_the_loss_is_read_as_the_network_reads_it(*, many_to_one: bool) -> None:
    network = network_of("lstm", num_layers=2, bidirectional=True, many_to_one=many_to_one)
    network = network.double()
    sample = sample_for(network, num_timesteps=12, batch_size=5, varied=True)

    outputs = network(sample.x_TBI, sample.lengths_B)
    valid_TB = torch.arange(12)[:, None] < sample.valid_lengths()
    if not many_to_one:
        outputs, targets = outputs[valid_TB], sample.targets[valid_TB]
    else:
        targets = sample.targets
    expected = torch.autograd.grad(
        sample.loss_terms(outputs, targets).mean(), list(network.layers[0].parameters())
    )
    top_TBD = sample.x_TBI
    for module in network.layers:
        top_TBD = run_layer(module, top_TBD, sample.lengths_B)
    ours = autograd_pass(network, sample).gradients

    assert mean_loss(network, sample, top_TBD).isfinite()
    names = [name for name, _ in network.layers[0].named_parameters()]
    for name, gradient in zip(names, expected, strict=True):
        torch.testing.assert_close(ours[0, name], gradient, rtol=1e-12, atol=1e-15)


def test_a_gradient_beyond_float32_is_checked_in_float64_alone() -> None:
    network = network_of(activation="linear", sizes=(3, 8, 2))
    sample = sample_for(network, num_timesteps=120, batch_size=4)
    with (
        torch.no_grad()
    ):  # the last timestep sees a finite state; the first one's gradient is 4^119
        network.layers[0].get_parameter("weight_hh_l0").copy_(4 * torch.eye(8))
        network.layers[0].get_parameter("weight_ih_l0").mul_(1e-35)
        network.layers[0].get_parameter("bias_ih_l0").zero_()
        network.layers[0].get_parameter("bias_hh_l0").zero_()

    assert not all(g.isfinite().all() for g in autograd_pass(network, sample).gradients.values())
    exact, trained = measure_checksum(look_at(network, sample))

    assert exact.value < 1e-10
    assert math.isnan(trained.value)


@pytest.mark.parametrize("gain", [10.0, 30.0, 100.0, 300.0, 3000.0])
@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_a_saturated_network_is_measured_rightly_and_trusted(cell: str, gain: float) -> None:
    network = network_of(cell, sizes=(2, 32, 1))
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.mul_(gain)
    sample = sample_for(network, num_timesteps=60, batch_size=8)

    exact, trained = measure_checksum(look_at(network, sample))

    assert has_passed(exact.quantity, exact.value, "float32")
    assert failed_checks((exact, trained), "float32") == {}


def test_a_wrong_replay_of_a_saturated_network_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of("gru", sizes=(3, 8, 2))
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.mul_(100)
    sample = sample_for(network, num_timesteps=20, batch_size=4)

    def half_as_steep(_layer: GruLayer, states: DirectionStates) -> GruLinearisation:
        exact = linearise_gru(states)
        return replace(exact, reset_PBH=0.5 * exact.reset_PBH)

    monkeypatch.setattr(GruLayer, "linearise", half_as_steep)
    exact, _ = measure_checksum(look_at(network, sample))

    assert not has_passed(exact.quantity, exact.value, "float32")


@pytest.mark.parametrize("gain", [30.0, 200.0])
@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_a_run_that_is_saturated_is_trusted(cell: str, gain: float) -> None:
    """The rounding of its training is beyond the limit that decided before."""
    spec = make_spec(
        {
            "model": {"kind": cell, "hidden_size": 32},
            "init": {"recurrent": {"kind": "orthogonal", "gain": gain}},
            "dataset": {"kind": "adding", "length": 50},
            "training": {"num_steps": 2, "batch_size": 8},
            "probes": {"tier": "economy", "every": 1},
        }
    )

    readings = train_spec(spec).of_kind(ScalarReading)

    assert any(one.quantity == "checksum_error" and one.value > 1e-5 for one in readings)
    assert failed_checks(readings, "float32") == {}
