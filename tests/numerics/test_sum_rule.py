"""The sum of all exponents, taken apart: against the spectrum, autograd and closed forms."""

import math

import pytest
import torch

from app.domain.telemetry import ProbeGap
from tests.numerics.networks import look_at, network_of, sample_for
from tests.numerics.test_probe_twins import own_jacobian
from worker.models.network import SequenceModel
from worker.probes.lyapunov import HIGH, LOW, lyapunov_exponents, measure_lyapunov_exponents
from worker.probes.sum_rule import QUANTITIES, VANISHES, measure_sum_rule, sum_rule_parts
from worker.replay.preparation import linearise_network
from worker.replay.sample import ProbeSample

KINDS: tuple[str, ...] = ("elman", "gru", "lstm")


def measured(network: SequenceModel, sample: ProbeSample) -> dict[tuple[str, str], float]:
    found = measure_sum_rule(look_at(network, sample))
    return {
        (str(one.scope), one.quantity.removeprefix("sum_rule.")): one.value
        for one in found
        if not isinstance(one, ProbeGap)
    }


def gaps_of(network: SequenceModel, sample: ProbeSample) -> dict[str, str]:
    found = measure_sum_rule(look_at(network, sample))
    return {one.quantity: one.reason for one in found if isinstance(one, ProbeGap)}


def test_the_exponents_of_a_tanh_network_add_up_to_matrix_and_slopes() -> None:
    network = network_of(sizes=(2, 12, 1)).double()
    with torch.no_grad():
        dict(network.layers[0].named_parameters())["weight_hh_l0"].mul_(2)
    sample = sample_for(network, num_timesteps=300, batch_size=2)
    cell = linearise_network(network, sample)[0][0]

    parts, gates = sum_rule_parts(cell.volume_factors(), range(300), num_units=12)
    exponents_BK = lyapunov_exponents(cell, num_timesteps=300, count=12, transient=0)

    hidden_TBH = network.layers[0](sample.x_TBI)[0].detach()
    by_hand = float((1 - hidden_TBH.square()).log().mean())
    assert gates == {}
    assert parts["sum_rule.activation"] == pytest.approx(by_hand, abs=1e-9)
    total = sum(parts.values())
    assert total == pytest.approx(float(exponents_BK.sum(dim=1).mean()) / 12, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_total_is_the_sum_of_the_spectrum_that_the_probe_measures(kind: str) -> None:
    network = network_of(kind, sizes=(2, 6, 1), num_layers=2).double()
    sample = sample_for(network, num_timesteps=30, batch_size=5)

    found = measured(network, sample)

    for scope in ("layer:0", "layer:1"):
        spectrum = [
            one.value
            for one in measure_lyapunov_exponents(
                look_at(network, sample, wanted={"lyapunov_spectrum"})
            )
            if not isinstance(one, ProbeGap)
            and str(one.scope) == scope
            and one.quantity not in {LOW, HIGH}
        ]
        assert found[scope, "total"] == pytest.approx(sum(spectrum) / 6, abs=2e-9)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_and_the_residual_make_autograds_determinant(
    kind: str, num_layers: int, *, bidirectional: bool
) -> None:
    network = network_of(
        kind, sizes=(2, 5, 1), num_layers=num_layers, bidirectional=bidirectional
    ).double()
    sample = sample_for(network, num_timesteps=8, batch_size=2)

    found = measured(network, sample)

    for level in linearise_network(network, sample):
        for cell in level:
            states, scope = cell.states, str(cell.states.scope)
            suffix = "" if states.direction == "forward" else "_reverse"
            logs = [
                torch.linalg.slogdet(
                    own_jacobian(
                        network,
                        states.layer,
                        states.x_PBI[p, b],
                        torch.cat(
                            [part[p - 1, b] if p else part[0, b] * 0 for part in cell.state_parts]
                        ),
                        suffix=suffix,
                    )
                ).logabsdet
                for p in range(1, 8)  # the first fifth is the states' transient and does not count
                for b in range(2)
            ]
            expected = float(torch.stack(logs).mean()) / 5
            assert found[scope, "total"] == pytest.approx(expected, abs=1e-9)
            parts = [found.get((scope, name), 0.0) for name in ("recurrent", "activation", "gates")]
            assert sum(parts) + found[scope, "residual"] == pytest.approx(expected, abs=1e-9)
            assert kind == "gru" or found[scope, "residual"] == 0


def test_it_does_not_hang_on_the_number_of_threads() -> None:
    """Two threads of MKL took determinants of a batch of large matrices for others."""
    network = network_of("gru", sizes=(2, 256, 1)).double()
    sample = sample_for(network, num_timesteps=8, batch_size=2)
    num_threads = torch.get_num_threads()

    found = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append(measured(network, sample)["layer:0", "total"])
    finally:
        torch.set_num_threads(num_threads)

    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_a_gru_that_does_not_listen_to_its_state_is_its_update_gate() -> None:
    network = network_of("gru", sizes=(2, 5, 1)).double()
    with torch.no_grad():
        dict(network.layers[0].named_parameters())["weight_hh_l0"].zero_()
    sample = sample_for(network, num_timesteps=10, batch_size=2)

    found = measured(network, sample)

    assert found["layer:0", "residual"] == pytest.approx(0, abs=1e-12)
    assert found["layer:0", "gates"] == found["gate:0/update", "gates"] < 0
    assert set(gaps_of(network, sample)) == {"sum_rule.recurrent", "sum_rule.activation"}


@pytest.mark.parametrize("forget_bias", [0.0, 1.0, 3.0])
def test_an_open_forget_gate_shows_in_its_own_part_alone(forget_bias: float) -> None:
    size = 5
    network = network_of("lstm", sizes=(2, size, 1)).double()
    with torch.no_grad():
        named = dict(network.layers[0].named_parameters())
        for name, rows in (("weight_ih_l0", slice(size, 2 * size)), ("bias_hh_l0", slice(None))):
            named[name][rows] = 0
        named["weight_hh_l0"][: 3 * size] = 0
        named["bias_ih_l0"][size : 2 * size] = forget_bias
    sample = sample_for(network, num_timesteps=12, batch_size=2)

    found = measured(network, sample)

    expected = -math.log1p(math.exp(-forget_bias))
    assert found["gate:0/forget", "gates"] == pytest.approx(expected, rel=1e-12)
    both = found["gate:0/forget", "gates"] + found["gate:0/output", "gates"]
    assert found["layer:0", "gates"] == pytest.approx(both, rel=1e-14)


def test_a_gate_that_rounds_to_one_still_has_its_slope() -> None:
    network = network_of("lstm", sizes=(2, 4, 1)).double()
    with torch.no_grad():
        dict(network.layers[0].named_parameters())["bias_ih_l0"][12:] = 60.0
    sample = sample_for(network, num_timesteps=6, batch_size=2)

    found = measured(network, sample)

    assert found["gate:0/output", "gates"] == pytest.approx(-60, abs=2)
    assert found["layer:0", "total"] < -60


def test_a_volume_of_zero_is_told_and_not_averaged() -> None:
    relu = network_of(activation="relu", sizes=(2, 20, 1)).double()
    singular = network_of(sizes=(2, 4, 1)).double()
    with torch.no_grad():
        dict(singular.layers[0].named_parameters())["weight_hh_l0"].zero_()

    for network in (relu, singular):
        sample = sample_for(network, num_timesteps=10, batch_size=2)
        assert gaps_of(network, sample) == dict.fromkeys(QUANTITIES, VANISHES)
        assert measured(network, sample) == {}


@pytest.mark.parametrize("hidden_size", [600, 4096])
def test_a_state_too_large_to_factor_says_so(hidden_size: int) -> None:
    network = network_of(sizes=(1, hidden_size, 1))
    sample = sample_for(network, num_timesteps=3, batch_size=2)

    gaps = gaps_of(network, sample)

    reason = f"a layer has {hidden_size} units, more than 512"
    assert gaps == dict.fromkeys(QUANTITIES, reason)
