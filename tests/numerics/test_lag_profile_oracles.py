"""Closed forms that a lag profile must reproduce, on fresh random networks."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from app.domain.telemetry import LagProfile
from tests.numerics.networks import look_at, network_of, orthogonal_network, sample_for
from worker.models.network import SequenceModel
from worker.probes.lag_profile import LOG_SMALLEST_FLOAT32, measure_lag_profiles
from worker.replay.parameter_gradients import autograd_pass
from worker.replay.sample import ProbeSample


def profiles_of(
    network: SequenceModel, sample: ProbeSample, *, required_lag: int | None = None
) -> dict[tuple[str, str], LagProfile]:
    measured = measure_lag_profiles(look_at(network, sample, required_lag=required_lag))
    return {(str(profile.scope), profile.path): profile for profile in measured}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def set_constants(network: SequenceModel, **values: Tensor) -> None:
    """Zero everything recurrent, then write the given tensors."""
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.zero_()
        named = dict(network.layers[0].named_parameters())
        for name, value in values.items():
            named[name].copy_(value)


@pytest.mark.parametrize("radius", [0.9, 0.5, 1.02])
def test_an_orthogonal_linear_network_decays_by_its_radius_at_every_lag(radius: float) -> None:
    network = orthogonal_network(24, radius, dtype=torch.float64)
    sample = sample_for(network, num_timesteps=200, batch_size=16)

    profiles = profiles_of(network, sample, required_lag=120)

    for profile in profiles.values():
        steps_L = np.diff(profile.log_norm_T)
        np.testing.assert_allclose(steps_L, math.log(radius), rtol=0, atol=1e-13)
        assert profile.shape == "exponential"
        assert profile.decay_rate == pytest.approx(math.log(radius), abs=1e-15)
        assert profile.ratio_at_required_lag is not None
        assert profile.ratio_at_required_lag.value == pytest.approx(radius**120, rel=1e-12)
        low, high = profile.ratio_at_required_lag.interval
        assert low <= profile.ratio_at_required_lag.value * (1 + 1e-9)
        assert high >= profile.ratio_at_required_lag.value * (1 - 1e-9)


def test_a_float32_network_keeps_the_oracle_to_its_own_precision() -> None:
    network = orthogonal_network(24, 0.9, dtype=torch.float32)
    sample = sample_for(network, num_timesteps=300, batch_size=16)

    profile = profiles_of(network, sample)["model", "total"]

    np.testing.assert_allclose(np.diff(profile.log_norm_T), math.log(0.9), rtol=0, atol=1e-6)


def test_the_horizon_is_the_last_lag_above_one_percent() -> None:
    network = orthogonal_network(16, 0.9, dtype=torch.float64)
    long = sample_for(network, num_timesteps=100, batch_size=8)
    short = sample_for(network, num_timesteps=30, batch_size=8)

    reached = profiles_of(network, long)["model", "total"].horizon
    censored = profiles_of(network, short)["model", "total"].horizon

    assert (reached.value, reached.first_below, reached.censored) == (43, 44, False)
    assert reached.interval == (43.0, 43.0)
    assert (censored.value, censored.first_below, censored.censored) == (29, None, True)


def test_a_jordan_block_grows_before_it_decays() -> None:
    network = network_of(activation="linear", sizes=(1, 2, 1)).double()
    a = 0.8125  # exact in binary
    set_constants(network, weight_hh_l0=torch.tensor([[a, 1.0], [0.0, a]]).double())
    with torch.no_grad():
        network.readout.weight.copy_(torch.tensor([[1.0, 0.0]]))
    sample = sample_for(network, num_timesteps=60, batch_size=4)

    profile = profiles_of(network, sample)["layer:0", "total"]

    ratio_L = np.exp(profile.log_norm_T - profile.log_norm_T[0])
    k_L = np.arange(60)
    expected_L = a**k_L * np.sqrt(1 + (k_L / a) ** 2)
    np.testing.assert_allclose(ratio_L, expected_L, rtol=1e-12)
    assert ratio_L[1] > 1


def test_rotation_blocks_decay_by_their_radius_and_turn() -> None:
    network = network_of(activation="linear", sizes=(1, 2, 1)).double()
    radius, angle = 0.95, float(torch.rand(()) * math.pi)
    turn = torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
        dtype=torch.float64,
    )
    set_constants(network, weight_hh_l0=radius * turn)
    sample = sample_for(network, num_timesteps=50, batch_size=4)

    profile = profiles_of(network, sample)["layer:0", "total"]

    np.testing.assert_allclose(np.diff(profile.log_norm_T), math.log(radius), atol=1e-13)


@pytest.mark.parametrize("forget_bias", [0.0, 1.0, 3.0])
def test_an_lstm_without_recurrence_decays_by_its_forget_gate(forget_bias: float) -> None:
    network = network_of("lstm", sizes=(2, 4, 2)).double()
    bias = torch.zeros(16)
    bias[4:8] = forget_bias
    set_constants(network, bias_ih_l0=bias)
    sample = sample_for(network, num_timesteps=120, batch_size=4)

    cell_L = profiles_of(network, sample)["layer:0", "total"].log_norm_cell_T

    assert cell_L is not None
    expected = math.log(sigmoid(forget_bias))
    np.testing.assert_allclose(np.diff(cell_L[1:]), expected, rtol=1e-12)
    assert np.isneginf(cell_L[0])


def test_a_gru_without_recurrence_decays_by_its_update_gate() -> None:
    network = network_of("gru", sizes=(2, 4, 2)).double()
    bias = torch.zeros(12)
    update_bias = float(torch.randn(()))
    bias[4:8] = update_bias
    set_constants(network, bias_ih_l0=bias)
    sample = sample_for(network, num_timesteps=60, batch_size=4)

    profile = profiles_of(network, sample)["layer:0", "total"]

    np.testing.assert_allclose(
        np.diff(profile.log_norm_T), math.log(sigmoid(update_bias)), rtol=1e-12
    )


def test_an_identity_relu_network_that_always_fires_keeps_the_norm() -> None:
    network = network_of(activation="relu", sizes=(2, 6, 2)).double()
    set_constants(network, weight_hh_l0=torch.eye(6), bias_ih_l0=torch.ones(6))
    sample = sample_for(network, num_timesteps=80, batch_size=4)

    profile = profiles_of(network, sample)["layer:0", "total"]

    assert np.ptp(profile.log_norm_T) < 1e-12
    assert profile.shape == "plateau"
    assert profile.decay_rate is None
    assert profile.horizon.censored


def test_an_all_step_loss_hides_what_single_anchors_show() -> None:
    network = orthogonal_network(64, 0.9, dtype=torch.float64)
    network.many_to_one = False
    sample = sample_for(network, num_timesteps=120, batch_size=64)

    profile = profiles_of(network, sample, required_lag=60)["layer:0", "total"]
    entering_TBD = autograd_pass(network, sample).entering_TBD
    total_BH, norms = torch.zeros_like(entering_TBD[0]), []
    recurrent_HH = dict(network.layers[0].named_parameters())["weight_hh_l0"].detach()
    for entering_BH in entering_TBD.flip(0):
        total_BH = entering_BH + total_BH @ recurrent_HH
        norms.append(float(total_BH.norm()))

    assert norms[100] / norms[40] == pytest.approx(1, abs=0.2)
    assert profile.ratio_at_required_lag is not None
    assert profile.ratio_at_required_lag.value == pytest.approx(0.9**60, rel=1e-12)


def test_what_vanished_keeps_its_size_and_is_told_from_an_exact_zero() -> None:
    network = network_of(sizes=(2, 16, 1))
    with torch.no_grad():
        # some random starts shrink by 0.75 a timestep only, which float32 holds for 350
        network.layers[0].get_parameter("weight_hh_l0").mul_(0.5)
    sample = sample_for(network, num_timesteps=500, batch_size=8)
    rectified = network_of(activation="relu", sizes=(2, 8, 1))
    set_constants(rectified, bias_ih_l0=-torch.ones(8), weight_hh_l0=torch.eye(8))

    vanished = profiles_of(network, sample)["layer:0", "total"]
    dead = profiles_of(rectified, sample_for(rectified, num_timesteps=20, batch_size=4))

    assert vanished.underflowed
    assert np.isfinite(vanished.log_norm_T).all()
    assert vanished.log_norm_T[-1] < 1.5 * LOG_SMALLEST_FLOAT32
    assert vanished.decay_rate is not None
    layer = dead["layer:0", "total"]
    assert np.isneginf(layer.log_norm_T[1:]).all()
    assert (layer.shape, layer.underflowed, layer.horizon.value) == ("undetermined", False, 0)
    model = dead["model", "total"]
    assert np.isneginf(model.log_norm_T).all()
    assert (model.horizon.value, model.horizon.first_below, model.horizon.censored) == (0, 0, False)
    assert model.horizon.interval == (0.0, 0.0)


def test_a_solved_task_is_followed_with_random_directions() -> None:
    network = orthogonal_network(16, 0.9, dtype=torch.float64)
    sample = sample_for(network, num_timesteps=60, batch_size=32)
    with torch.no_grad():
        answers_BO = network(sample.x_TBI)
    solved = ProbeSample(
        x_TBI=sample.x_TBI, lengths_B=None, targets=answers_BO, loss_terms=sample.loss_terms
    )

    open_question = profiles_of(network, sample)["model", "total"]
    profile = profiles_of(network, solved)["model", "total"]

    assert (open_question.cotangent, profile.cotangent) == ("loss", "random")
    assert profile.decay_rate == pytest.approx(math.log(0.9), abs=1e-12)


def test_random_directions_measure_the_frobenius_norm_of_the_product() -> None:
    """Mean of ‖Aᵀu‖² over unit u is ‖A‖² / H, its variance 2 (‖AAᵀ‖² − ‖A‖⁴ / H) / (H (H + 2))."""
    size, batch_size = 12, 128
    network = network_of(activation="linear", sizes=(2, size, size)).double()
    with torch.no_grad():
        network.readout.weight.copy_(torch.eye(size))
    sample = sample_for(network, num_timesteps=6, batch_size=batch_size)
    solved = replace(sample, targets=network(sample.x_TBI).detach())

    profile = profiles_of(network, solved)["model", "total"]

    matrix_HH = network.layers[0].get_parameter("weight_hh_l0").detach()
    assert profile.cotangent == "random"
    for lag in range(6):
        product_HH = torch.linalg.matrix_power(matrix_HH, lag)
        square = float(product_HH.square().sum())
        spread = float((product_HH @ product_HH.T).square().sum()) - square**2 / size
        deviation = math.sqrt(max(spread, 0.0) * 2 / (size * (size + 2)) / batch_size)
        found = math.exp(2 * profile.log_norm_T[lag])
        assert found == pytest.approx(square / size, abs=6 * deviation + 1e-12)


def test_classes_are_followed_from_their_cross_entropy() -> None:
    network = network_of("gru", sizes=(3, 6, 4), many_to_one=False)
    counted_TB = torch.zeros(40, 12, dtype=torch.bool)
    counted_TB[-5:] = True
    sample = ProbeSample(
        x_TBI=torch.randn(40, 12, 3),
        lengths_B=None,
        targets=torch.randint(4, (40, 12)),
        loss_terms=lambda outputs, classes: functional.cross_entropy(
            outputs, classes, reduction="none"
        ),
        counted_TB=counted_TB,
    )

    profile = profiles_of(network, sample)["model", "total"]

    assert profile.num_anchors_T[0] == 48
    assert profile.num_anchors_T[35] == 48
    assert profile.num_anchors_T[39] == 12


def test_padded_timesteps_are_in_no_profile() -> None:
    network = network_of("lstm", num_layers=2, bidirectional=True).double()
    sample = sample_for(network, num_timesteps=30, batch_size=10, varied=True)
    t_T1 = torch.arange(30)[:, None]
    padding_TB = t_T1 >= sample.valid_lengths()
    spoiled_TBI = torch.where(padding_TB[:, :, None], 1e6, sample.x_TBI)
    spoiled = ProbeSample(
        x_TBI=spoiled_TBI,
        lengths_B=sample.lengths_B,
        targets=sample.targets,
        loss_terms=sample.loss_terms,
    )

    clean = profiles_of(network, sample)
    measured = profiles_of(network, spoiled)

    for key, profile in clean.items():
        np.testing.assert_array_equal(profile.log_norm_T, measured[key].log_norm_T)
        assert profile.log_norm_scaled_T is None or np.array_equal(
            profile.log_norm_scaled_T, np.asarray(measured[key].log_norm_scaled_T)
        )


def test_blocks_of_sequences_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of("gru", num_layers=2).double()
    sample = sample_for(network, num_timesteps=20, batch_size=16, varied=True)

    whole = profiles_of(network, sample)
    monkeypatch.setattr("worker.replay.preparation.MAX_BLOCK_BYTES", 2**16)
    in_blocks = profiles_of(network, sample)

    for key, profile in whole.items():
        np.testing.assert_allclose(profile.log_norm_T, in_blocks[key].log_norm_T, rtol=1e-10)
        assert profile.horizon.value == in_blocks[key].horizon.value


def test_a_network_that_has_diverged_has_no_profile() -> None:
    network = network_of(activation="relu", sizes=(2, 8, 1))
    set_constants(network, weight_hh_l0=50 * torch.eye(8), bias_ih_l0=torch.ones(8))
    sample = sample_for(network, num_timesteps=200, batch_size=4)

    assert measure_lag_profiles(look_at(network, sample)) == ()


def test_the_same_seed_gives_the_same_profile_and_another_only_other_intervals() -> None:
    network = network_of("gru", sizes=(2, 12, 1))
    sample = sample_for(network, num_timesteps=60, batch_size=64)

    first, again, other = (
        measure_lag_profiles(look_at(network, sample, step=7, required_lag=30, seed=seed))[0]
        for seed in (3, 3, 4)
    )

    assert first.decay_rate_interval == again.decay_rate_interval
    assert first.decay_rate_interval != other.decay_rate_interval
    np.testing.assert_array_equal(first.log_norm_T, other.log_norm_T)


def test_the_judged_profile_is_exactly_zero_past_the_cut_and_the_uncut_one_stands_beside() -> None:
    network = network_of("elman", num_layers=2)
    sample = sample_for(network, num_timesteps=12, batch_size=8)

    uncut = measure_lag_profiles(look_at(network, sample, required_lag=9))
    trained = measure_lag_profiles(look_at(network, sample, required_lag=9, bptt_length=5))

    by_path = {(str(one.scope), one.path): one for one in trained}
    judged = by_path["model", "total"]
    np.testing.assert_allclose(judged.log_norm_T[:5], uncut[0].log_norm_T[:5], rtol=1e-12)
    assert np.all(np.isneginf(judged.log_norm_T[5:]))
    assert judged.ratio_at_required_lag is not None
    assert (judged.ratio_at_required_lag.value, judged.horizon.first_below) == (0.0, 5)
    whole = by_path["model", "untruncated"]
    np.testing.assert_array_equal(whole.log_norm_T, uncut[0].log_norm_T)
    assert [one.path for one in trained].count("untruncated") == 1


def test_a_cut_as_long_as_the_sequence_cuts_nothing() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=12, batch_size=8)

    profiles = measure_lag_profiles(look_at(network, sample, bptt_length=12))

    assert {one.path for one in profiles} == {"total", "within_layer"}
    assert np.all(np.isfinite(profiles[0].log_norm_T))
