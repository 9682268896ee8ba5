"""What must not change, or must change in a known way, when network or sample are turned over."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from app.domain.telemetry import LagProfile
from tests.numerics.networks import look_at, network_of, read, sample_for
from worker.models.network import SequenceModel
from worker.probes.jacobian_singular_values import measure_jacobian_singular_values
from worker.probes.lag_profile import measure_lag_profiles
from worker.probes.lyapunov import measure_lyapunov_exponents
from worker.probes.recurrent_matrix import measure_recurrent_matrices
from worker.replay.sample import ProbeSample

KINDS: tuple[str, ...] = ("elman", "gru", "lstm")


def profiles_of(network: SequenceModel, sample: ProbeSample) -> dict[tuple[str, str], LagProfile]:
    measured = measure_lag_profiles(look_at(network, sample))
    return {(str(profile.scope), profile.path): profile for profile in measured}


def weight_of(network: SequenceModel, name: str) -> Tensor:
    return network.layers[0].get_parameter(f"{name}_l0")


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_sequences_does_not_matter(kind: str) -> None:
    network = network_of(kind, num_layers=2).double()
    sample = sample_for(network, num_timesteps=15, batch_size=12, varied=True)
    turned = torch.randperm(12)
    shuffled = replace(
        sample,
        x_TBI=sample.x_TBI[:, turned],
        targets=sample.targets[turned],
        lengths_B=sample.valid_lengths()[turned],
    )

    before, after = profiles_of(network, sample), profiles_of(network, shuffled)

    for key, profile in before.items():
        np.testing.assert_allclose(profile.log_norm_T, after[key].log_norm_T, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_units_does_not_matter(kind: str) -> None:
    network = network_of(kind, sizes=(2, 5, 3)).double()
    sample = sample_for(network, num_timesteps=15, batch_size=8)
    before = profiles_of(network, sample)
    turned = torch.randperm(5)
    with torch.no_grad():
        num_gates = len(weight_of(network, "weight_hh")) // 5
        rows = torch.cat([5 * gate + turned for gate in range(num_gates)])
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            weight_of(network, name).copy_(weight_of(network, name)[rows])
        weight_of(network, "weight_hh").copy_(weight_of(network, "weight_hh")[:, turned])
        network.readout.weight.copy_(network.readout.weight[:, turned])

    after = profiles_of(network, sample)

    for key, profile in before.items():
        np.testing.assert_allclose(profile.log_norm_T, after[key].log_norm_T, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reverse_direction_is_a_forward_one_of_the_mirrored_sequence(kind: str) -> None:
    """Same weights in both directions and a palindrome: they cannot be told apart."""
    network = network_of(kind, bidirectional=True).double()
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            weight_of(network, name).copy_(network.layers[0].get_parameter(f"{name}_l0_reverse"))
        half = network.readout.weight.shape[1] // 2
        network.readout.weight[:, half:] = network.readout.weight[:, :half]
    sample = sample_for(network, num_timesteps=14, batch_size=6)
    palindrome = replace(sample, x_TBI=(sample.x_TBI + sample.x_TBI.flip(0)) / 2)

    found = profiles_of(network, palindrome)

    np.testing.assert_allclose(
        found["layer:0", "total"].log_norm_T,
        found["layer:0/reverse", "total"].log_norm_T,
        rtol=0,
        atol=1e-12,
    )


def test_a_permutation_of_units_keeps_every_norm() -> None:
    size = 7
    network = network_of(activation="linear", sizes=(2, size, 3)).double()
    with torch.no_grad():
        weight_of(network, "weight_hh").copy_(torch.eye(size)[torch.randperm(size)])
    sample = sample_for(network, num_timesteps=40, batch_size=8)

    layer = profiles_of(network, sample)["layer:0", "total"]
    matrices = {
        r.quantity: r.value for r in read(measure_recurrent_matrices(look_at(network, sample)))
    }
    singular = {
        r.quantity: r.value
        for r in read(measure_jacobian_singular_values(look_at(network, sample)))
    }
    exponents = [
        r.value
        for r in read(
            measure_lyapunov_exponents(look_at(network, sample, wanted={"lyapunov_spectrum"}))
        )
    ]

    assert np.ptp(layer.log_norm_T) < 1e-12
    assert (layer.shape, layer.horizon.censored) == ("plateau", True)
    assert matrices["spectral_radius"] == pytest.approx(1, abs=1e-12)
    assert singular["jacobian_condition"] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(exponents, 0, atol=1e-12)


def test_a_nilpotent_network_forgets_everything_at_once() -> None:
    """A shift register of n units: exactly n lags, then an exact zero, and no eigenvalue but 0."""
    size = 6
    network = network_of(activation="linear", sizes=(2, size, 1)).double()
    with torch.no_grad():
        weight_of(network, "weight_hh").copy_(torch.diag(torch.ones(size - 1), -1))
        network.readout.weight.copy_(torch.eye(size)[-1:])
    sample = sample_for(network, num_timesteps=20, batch_size=8)

    layer = profiles_of(network, sample)["layer:0", "total"]
    matrices = {
        r.quantity: r.value for r in read(measure_recurrent_matrices(look_at(network, sample)))
    }

    assert np.ptp(layer.log_norm_T[:size]) < 1e-12
    assert np.isneginf(layer.log_norm_T[size:]).all()
    assert (layer.horizon.value, layer.horizon.censored) == (size - 1, False)
    assert not layer.underflowed
    # computed eigenvalues of a Jordan block are off by the n-th root of round-off
    assert matrices["spectral_radius"] < 0.01
    assert matrices["sigma_max"] == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_gate_stuck_at_one_keeps_the_gradient_for_ever(kind: str) -> None:
    """GRU's z and LSTM's f, the second gate of both: a constant error carousel."""
    size, gate = 4, 1
    network = network_of(kind, sizes=(2, size, 2)).double()
    with torch.no_grad():
        for name in ("weight_hh", "weight_ih", "bias_ih", "bias_hh"):
            weight_of(network, name)[gate * size : (gate + 1) * size] = 0.0
        weight_of(network, "bias_ih")[gate * size : (gate + 1) * size] = 60.0
        weight_of(network, "weight_hh").zero_()
    sample = sample_for(network, num_timesteps=300, batch_size=8)

    layer = profiles_of(network, sample)["layer:0", "total"]

    kept_T = layer.log_norm_T if kind == "gru" else layer.log_norm_cell_T
    assert kept_T is not None
    assert np.ptp(kept_T[1:]) < 1e-9


def test_an_affine_change_of_the_loss_shifts_all_logs_alike() -> None:
    network = network_of("lstm", num_layers=2).double()
    sample = sample_for(network, num_timesteps=20, batch_size=8)
    weighed = replace(sample, loss_terms=lambda o, t: 3 + 1e-150 * sample.loss_terms(o, t))

    plain, small = profiles_of(network, sample), profiles_of(network, weighed)

    assert small["model", "total"].cotangent == "random"
    hundredfold = replace(sample, loss_terms=lambda o, t: 3 + 1e2 * sample.loss_terms(o, t))
    for key, profile in profiles_of(network, hundredfold).items():
        np.testing.assert_allclose(
            profile.log_norm_T, plain[key].log_norm_T + math.log(100), rtol=0, atol=1e-12
        )


def test_anchors_of_many_to_many_look_back_from_their_own_timestep() -> None:
    """A linear ρQ network: whatever the anchor, the ratio at a lag is ρ to the lag."""
    radius = 0.8
    network = network_of(activation="linear", sizes=(2, 6, 3), many_to_one=False).double()
    with torch.no_grad():
        orthogonal = torch.linalg.qr(torch.randn(6, 6).double()).Q
        weight_of(network, "weight_hh").copy_(radius * orthogonal)
    sample = sample_for(network, num_timesteps=24, batch_size=40, varied=True)

    profile = profiles_of(network, sample)["layer:0", "total"]

    ratio = measure_lag_profiles(look_at(network, sample, required_lag=9))[1]
    assert ratio.ratio_at_required_lag is not None
    assert ratio.ratio_at_required_lag.value == pytest.approx(radius**9, rel=1e-12)
    assert profile.decay_rate == pytest.approx(math.log(radius), abs=1e-9)
    assert profile.num_anchors_T[0] > profile.num_anchors_T[-1]
