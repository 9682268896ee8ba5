"""What theory says of large random networks: mean field and random matrices, N units each.

Tolerances are some standard deviations over draws, plus the O(1/N) by which finite networks differ.
"""

import math

import pytest
import torch

from app.domain.specs.model.cell import Nonlinearity
from tests.numerics.networks import look_at, network_of, read, sample_for, squared_errors
from worker.models.network import SequenceModel
from worker.probes.lag_profile import measure_lag_profiles
from worker.probes.lyapunov import lyapunov_exponents
from worker.probes.recurrent_matrix import measure_recurrent_matrices
from worker.replay.preparation import linearise_network
from worker.replay.sample import ProbeSample
from worker.replay.states import run_network

UNITS = 128


def gaussian_network(gain: float, size: int, *, activation: Nonlinearity) -> SequenceModel:
    """W ~ N(0, gain²/N), every unit has an input of its own, no bias."""
    network = network_of(activation=activation, sizes=(size, size, 1)).double()
    with torch.no_grad():
        named = dict(network.layers[0].named_parameters())
        named["weight_hh_l0"].normal_(0, gain / math.sqrt(size))
        named["weight_ih_l0"].copy_(torch.eye(size))
        named["bias_ih_l0"].zero_()
        named["bias_hh_l0"].zero_()
    return network


def driven_by(x_TBI: torch.Tensor) -> ProbeSample:
    return ProbeSample(
        x_TBI=x_TBI,
        lengths_B=None,
        targets=torch.zeros(x_TBI.shape[1], 1).to(x_TBI),
        loss_terms=squared_errors,
    )


def largest_exponent(network: SequenceModel, x_TBI: torch.Tensor, *, transient: int) -> float:
    cell = linearise_network(network, driven_by(x_TBI))[0][0]
    exponents_BK = lyapunov_exponents(
        cell, num_timesteps=x_TBI.shape[0], count=1, transient=transient
    )
    return float(exponents_BK.mean())


def theory_of_driven_tanh(gain: float, variance: float) -> float:
    """½ ln χ, χ = g² E φ'(√q z)² at the fixed point q = g² E φ(√q z)² + σ², by quadrature."""
    z_K = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    weight_K = torch.exp(-z_K.square() / 2)
    weight_K = weight_K / weight_K.sum()
    q = variance + gain**2
    for _ in range(500):
        q = variance + gain**2 * float((weight_K * torch.tanh(math.sqrt(q) * z_K) ** 2).sum())
    slope_K = torch.cosh(math.sqrt(q) * z_K) ** -2
    return 0.5 * math.log(gain**2 * float((weight_K * slope_K**2).sum()))


@pytest.mark.parametrize(("gain", "variance"), [(1.5, 1.0), (2.0, 1.0), (0.9, 1.0)])
def test_input_suppresses_explosion_as_mean_field_says(gain: float, variance: float) -> None:
    network = gaussian_network(gain, UNITS, activation="tanh")
    x_TBI = math.sqrt(variance) * torch.randn(250, 3, UNITS).double()

    found = largest_exponent(network, x_TBI, transient=60)

    assert found == pytest.approx(theory_of_driven_tanh(gain, variance), abs=0.09)


def test_the_theory_has_the_published_figures() -> None:
    assert theory_of_driven_tanh(1.5, 0.1) == pytest.approx(0.0262, abs=2e-4)
    assert theory_of_driven_tanh(3.0, 0.1) == pytest.approx(0.3057, abs=2e-4)
    assert theory_of_driven_tanh(3.0, 0.0) == pytest.approx(0.3103, abs=2e-4)


def test_an_autonomous_network_of_gain_three_is_chaotic() -> None:
    size = 256
    network = gaussian_network(3.0, size, activation="tanh")
    x_TBI = torch.zeros(220, 2, size).double()
    x_TBI[0] = torch.randn(2, size)

    assert largest_exponent(network, x_TBI, transient=80) == pytest.approx(0.300, abs=0.06)


def test_at_rest_the_largest_exponent_is_the_log_of_the_spectral_radius() -> None:
    network = gaussian_network(0.8, 48, activation="tanh")
    x_TBI = torch.zeros(900, 1, 48).double()

    (radius,) = [
        r.value
        for r in read(measure_recurrent_matrices(look_at(network, driven_by(x_TBI))))
        if r.quantity == "spectral_radius"
    ]

    found = largest_exponent(network, x_TBI, transient=500)
    assert found == pytest.approx(math.log(radius), abs=0.01)


def test_a_gaussian_linear_network_decays_by_its_gain_at_small_lags() -> None:
    gain, size = 0.9, 256
    network = gaussian_network(gain, size, activation="linear")
    sample = sample_for(network, num_timesteps=20, batch_size=64)

    (profile, *_) = measure_lag_profiles(look_at(network, sample))

    rate = float(profile.log_norm_T[10] - profile.log_norm_T[0]) / 10
    assert rate == pytest.approx(math.log(gain), abs=0.05)


def test_gaussian_matrices_have_the_radius_and_norm_of_ginibre() -> None:
    size, gain = 256, 1.7
    network = gaussian_network(gain, size, activation="tanh")

    readings = read(
        measure_recurrent_matrices(look_at(network, driven_by(torch.zeros(1, 1, size))))
    )
    found = {r.quantity: r.value for r in readings}

    assert found["spectral_radius"] / gain == pytest.approx(1.048, abs=0.12)
    assert found["sigma_max"] / gain == pytest.approx(1.976, abs=0.08)
    assert found["vanishing_certificate"] == found["sigma_max"]


@pytest.mark.parametrize(
    ("kind", "forget_bias", "rate", "tolerance"),
    [
        ("elman", None, -0.606, 0.07),
        ("gru", None, -0.458, 0.06),
        ("lstm", 0.0, -0.453, 0.15),
        ("lstm", 1.0, -0.155, 0.09),
        ("lstm", 2.0, -0.022, 0.05),
    ],
)
def test_networks_as_torch_starts_them_forget_at_the_measured_rates(
    kind: str, forget_bias: float | None, rate: float, tolerance: float
) -> None:
    exponents = []
    for _ in range(4):  # one network's exponent scatters by 0.03, with a long tail upwards
        network = network_of(kind, sizes=(32, UNITS, 1)).double()
        if forget_bias is not None:
            with torch.no_grad():
                network.layers[0].get_parameter("bias_ih_l0")[UNITS : 2 * UNITS] = forget_bias
                network.layers[0].get_parameter("bias_hh_l0")[UNITS : 2 * UNITS] = 0.0
        x_TBI = torch.randn(200, 3, 32).double()
        exponents.append(largest_exponent(network, x_TBI, transient=60))

    assert sum(exponents) / len(exponents) == pytest.approx(rate, abs=tolerance)


def test_torchs_two_forget_biases_add_up() -> None:
    network = network_of("lstm", sizes=(1, 4, 1)).double()
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.zero_()
        for name in ("bias_ih_l0", "bias_hh_l0"):
            network.layers[0].get_parameter(name)[4:8] = 1.0
    x_TBI = torch.zeros(40, 1, 1).double()

    found = largest_exponent(network, x_TBI, transient=5)

    assert found == pytest.approx(math.log(1 / (1 + math.exp(-2))), abs=1e-9)


def test_long_memory_makes_the_gradient_of_a_stable_unit_large() -> None:
    """White input x, h = λh + x: E h² = 1/(1−λ²), E(dh/dλ)² = (1+λ²)/(1−λ²)³."""
    decay, batch_size, num_timesteps = 0.9, 20_000, 120
    network = network_of(activation="linear", sizes=(1, 1, 1)).double()
    with torch.no_grad():
        for name, value in (("weight_hh", decay), ("weight_ih", 1), ("bias_ih", 0), ("bias_hh", 0)):
            network.layers[0].get_parameter(f"{name}_l0").fill_(value)
    x_TBI = torch.randn(num_timesteps, batch_size, 1).double()
    states = run_network(network.layers, x_TBI, None)[0][0]
    cell = linearise_network(network, driven_by(x_TBI))[0][0]

    adjoint_B1 = torch.ones(batch_size, 1).double()
    slope_B1 = torch.zeros(batch_size, 1).double()
    for p in reversed(range(num_timesteps)):
        gates_B1, adjoint_B1 = cell.backward(p, slice(None), adjoint_B1)
        slope_B1 = slope_B1 + gates_B1 * states.previous_PBH[p]

    room = 1 - decay**2
    assert float(states.hidden_PBH[-1].square().mean()) == pytest.approx(1 / room, rel=0.08)
    expected = (1 + decay**2) / room**3
    assert float(slope_B1.square().mean()) == pytest.approx(expected, rel=0.12)
