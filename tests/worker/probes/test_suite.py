import itertools
import random

import numpy as np
import pytest
import torch

from tests.numerics.networks import network_of, sample_for
from worker.probes.suite import PROBES, ProbeResult, Tier, run_probes, sample_size
from worker.replay.anchors import choose_anchors
from worker.replay.sample import CellKind, ProbeSample, ReplayableNetwork


def probe(
    network: ReplayableNetwork, sample: ProbeSample, *, tier: Tier = "standard"
) -> ProbeResult:
    ticks = itertools.count()
    return run_probes(
        network,
        sample,
        step=4,
        required_lag=10,
        seed=1,
        tier=tier,
        clock=lambda: float(next(ticks)),
    )


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_probes_look_and_never_touch(kind: CellKind) -> None:
    network = network_of(kind, num_layers=2, bidirectional=True)
    network.train()
    sample = sample_for(network, num_timesteps=20, batch_size=8, varied=True)
    network(sample.x_TBI).sum().backward()
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002

    probe(network, sample)

    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, weights[name])
    kept = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(torch.equal(a, b) for a, b in zip(kept, gradients, strict=True))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert repr(np.random.get_state()) == repr(states[1])  # noqa: NPY002
    assert random.getstate() == states[2]


@pytest.mark.parametrize("probe_of", PROBES)
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_every_probe_reads_at_its_step(kind: CellKind, probe_of: object) -> None:
    assert callable(probe_of)
    network = network_of(kind)
    sample = sample_for(network, num_timesteps=15, batch_size=4)

    readings = probe_of(network, sample, step=9)

    assert all(reading.step == 9 for reading in readings)
    keys = [(reading.quantity, reading.scope) for reading in readings]
    assert len(keys) == len(set(keys))


def test_the_model_comes_first_then_each_layer_from_the_bottom() -> None:
    network = network_of("gru", num_layers=2, bidirectional=True)
    sample = sample_for(network, num_timesteps=20, batch_size=8)

    result = probe(network, sample)

    assert [(profile.scope, profile.path) for profile in result.profiles] == [
        ("model", "total"),
        ("layer:0", "total"),
        ("layer:0", "within_layer"),
        ("layer:0/reverse", "total"),
        ("layer:0/reverse", "within_layer"),
        ("layer:1", "total"),
        ("layer:1", "within_layer"),
        ("layer:1/reverse", "total"),
        ("layer:1/reverse", "within_layer"),
    ]
    assert all(profile.ratio_at_required_lag is not None for profile in result.profiles)


def test_a_required_lag_beyond_the_sequence_has_no_ratio() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=8, batch_size=4)

    result = probe(network, sample)

    assert result.profiles[0].ratio_at_required_lag is None


def test_what_a_probe_costs_is_among_its_readings() -> None:
    network = network_of()
    sample = sample_for(network, num_timesteps=12, batch_size=4)

    result = probe(network, sample, tier="economy")

    costs = [r.value for r in result.readings if r.quantity == "probe_seconds"]
    assert costs == [result.seconds] == [1.0]


@pytest.mark.parametrize("many_to_one", [True, False])
def test_a_standard_sample_has_128_anchors(*, many_to_one: bool) -> None:
    network = network_of(many_to_one=many_to_one)
    batch_size = sample_size("standard", many_to_one=many_to_one)
    sample = sample_for(network, num_timesteps=12, batch_size=batch_size)

    anchors = choose_anchors(sample, many_to_one=many_to_one)
    result = probe(network, sample)

    assert anchors.sequence_N.numel() == 128
    assert result.profiles[0].num_anchors_T[0] == 128


def test_probes_of_a_diverged_network_say_nothing_false() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=12, batch_size=4)
    with torch.no_grad():
        network.layers[0].register_parameter(
            "weight_hh_l0", torch.nn.Parameter(torch.full((15, 5), torch.nan))
        )

    result = probe(network, sample)

    assert result.profiles == ()
    spectral = [r for r in result.readings if r.quantity == "spectral_radius"]
    assert spectral == []
