"""Growth of states, products of gates and answers of the network, against what is known."""

import math
from dataclasses import replace

import pytest
import torch

from app.domain.telemetry import ProbeGap, ScalarReading, of_kind
from tests.numerics.networks import look_at, network_of, orthogonal_network, sample_for
from worker.models.network import SequenceModel
from worker.probes.card import Look
from worker.probes.gate_products import measure_gate_products
from worker.probes.outputs import measure_outputs
from worker.probes.state_growth import measure_state_growth
from worker.replay.sample import ProbeSample


def _values(found: tuple[ScalarReading | ProbeGap, ...]) -> dict[str, float]:
    return {one.quantity: one.value for one in of_kind(ScalarReading, found)}


def _with_training(network: SequenceModel, sample: ProbeSample) -> Look:
    return replace(look_at(network, sample), training=sample)


@pytest.mark.parametrize("radius", [0.9, 1.1])
def test_a_state_that_is_turned_and_scaled_grows_at_its_radius(radius: float) -> None:
    network = orthogonal_network(8, radius, dtype=torch.float64)
    sample = sample_for(network, num_timesteps=80, batch_size=4)
    x_TBI = torch.zeros_like(sample.x_TBI)
    x_TBI[0] = 1.0
    with torch.no_grad():
        for name, value in network.layers[0].named_parameters():
            if "bias" in name:
                value.zero_()

    found = _values(measure_state_growth(look_at(network, replace(sample, x_TBI=x_TBI))))

    norms = [radius**p for p in range(80)]
    weights = dict(network.layers[0].named_parameters())
    start = float((weights["weight_ih_l0"].detach() @ x_TBI[0, 0]).norm())
    rms = [math.sqrt(sum(n**2 for n in norms[a : a + 20]) / 20) for a in (20, 60)]
    assert found["state_growth"] == pytest.approx(math.log(rms[1] / rms[0]), rel=1e-9)
    whole = start * math.sqrt(sum(n**2 for n in norms) / 80)
    assert found["state_norm"] == pytest.approx(whole, rel=1e-9)


def test_padded_timesteps_do_not_count_as_states() -> None:
    network = network_of("gru").double()
    sample = sample_for(network, num_timesteps=16, batch_size=3)
    short = replace(sample, lengths_B=torch.tensor([8, 8, 8]))
    cut = replace(sample, x_TBI=sample.x_TBI[:8], lengths_B=None)

    padded, trimmed = (_values(measure_state_growth(look_at(network, one))) for one in (short, cut))

    assert padded == pytest.approx(trimmed, rel=1e-12)


@pytest.mark.parametrize(("lag", "power"), [(3, 3), (9, 9), (50, 11)])
def test_a_constant_forget_gate_keeps_its_power(lag: int, power: int) -> None:
    network = network_of("lstm", sizes=(2, 10, 3)).double()
    with torch.no_grad():
        for value in network.layers[0].parameters():
            value.zero_()
        bias = dict(network.layers[0].named_parameters())["bias_ih_l0"]
        bias[10:20] = 2.0
        bias[10] = 5.0
    sample = sample_for(network, num_timesteps=12, batch_size=4)
    look = look_at(network, sample, required_lag=lag)

    found = _values(measure_gate_products(look))

    kept = 1 / (1 + math.exp(-5.0))
    usual = 1 / (1 + math.exp(-2.0))
    assert found["kept_over_required_lag"] == pytest.approx(kept**power, rel=1e-9)
    assert found["keeping_units"] == (1.0 if usual**power >= 0.01 else 0.1)


def test_without_a_required_lag_gates_have_no_product() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=8, batch_size=4)

    found = measure_gate_products(look_at(network, sample))

    assert {one.quantity for one in of_kind(ProbeGap, found)} == {
        "kept_over_required_lag",
        "keeping_units",
    }


def _answering(outputs: list[float]) -> SequenceModel:
    """A network with the same answer to every sequence."""
    network = network_of("elman", sizes=(2, 4, len(outputs))).double()
    with torch.no_grad():
        network.readout.weight.zero_()
        network.readout.bias.copy_(torch.tensor(outputs))
    return network


def test_one_constant_answer_has_no_spread_and_a_copy_of_the_targets_has_one() -> None:
    network = _answering([0.5, 0.5, 0.5])
    sample = sample_for(network, num_timesteps=6, batch_size=20)

    constant = _values(measure_outputs(_with_training(network, sample)))

    assert constant["prediction_spread"] == pytest.approx(0, abs=1e-12)
    own = network_of("elman", sizes=(2, 4, 3)).double()
    with torch.no_grad():
        targets = own(sample.x_TBI)
    copied = _values(measure_outputs(_with_training(own, replace(sample, targets=2 * targets))))
    assert copied["prediction_spread"] == pytest.approx(0.5, rel=1e-9)


def test_one_example_of_twenty_that_holds_all_the_loss_is_told() -> None:
    network = _answering([0.0])
    targets = torch.full((20, 1), 1.0).double()
    sample = replace(sample_for(network, num_timesteps=6, batch_size=20), targets=targets)

    even = _values(measure_outputs(_with_training(network, sample)))
    targets[7] = 1000.0
    skewed = _values(measure_outputs(_with_training(network, replace(sample, targets=targets))))

    assert even["loss_share_of_few"] == pytest.approx(0.05)
    assert skewed["loss_share_of_few"] == pytest.approx(1e6 / (1e6 + 19))


def test_the_class_that_is_always_answered_is_told_from_the_most_frequent_one() -> None:
    network = _answering([0.0, 1.0, 0.0])
    targets = torch.tensor([0] * 12 + [1] * 6 + [2] * 2)
    sample = replace(
        sample_for(network, num_timesteps=6, batch_size=20),
        targets=targets,
        loss_terms=lambda outputs, classes: torch.nn.functional.cross_entropy(
            outputs, classes, reduction="none"
        ),
    )

    found = _values(measure_outputs(_with_training(network, sample)))

    assert found["predicted_class_share"] == 1.0
    assert found["target_class_share"] == 0.6
    assert found["least_recall"] == 0.0
    assert "prediction_spread" not in found


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("many_to_one", [False, True])
def test_the_outputs_are_those_of_the_network(*, bidirectional: bool, many_to_one: bool) -> None:
    network = network_of(
        "gru", num_layers=2, bidirectional=bidirectional, many_to_one=many_to_one
    ).double()
    sample = sample_for(network, num_timesteps=9, batch_size=12, varied=True)
    with torch.no_grad():
        outputs = network(sample.x_TBI, sample.lengths_B)

    same = replace(sample, targets=outputs)
    found = measure_outputs(_with_training(network, same))

    assert _values(found)["prediction_spread"] == pytest.approx(1, rel=1e-9)
    assert [gap.quantity for gap in of_kind(ProbeGap, found)] == ["loss_share_of_few"]
