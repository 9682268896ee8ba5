"""Networks whose gradient through time can be written down, and traps of measuring it."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from app.domain.scopes import Scope
from tests.numerics.networks import look_at, network_of, orthogonal_network, read, sample_for
from worker.gradients import tensor_norms
from worker.models.layers import Chunking, detached
from worker.models.network import SequenceModel
from worker.probes.gates import measure_gates
from worker.probes.jacobian_singular_values import measure_jacobian_singular_values
from worker.probes.lag_profile import measure_lag_profiles
from worker.probes.lyapunov import lyapunov_exponents, measure_lyapunov_exponents
from worker.probes.recurrent_matrix import measure_recurrent_matrices
from worker.replay.jacobians import jacobian
from worker.replay.preparation import linearise_network


def recurrent_weight(network: SequenceModel) -> Tensor:
    return network.layers[0].get_parameter("weight_hh_l0")


def spectral_radius(network: SequenceModel) -> float:
    sample = sample_for(network, num_timesteps=2, batch_size=1)
    found = read(measure_recurrent_matrices(look_at(network, sample)))
    return next(r.value for r in found if r.quantity == "spectral_radius")


def test_units_that_see_only_themselves_have_an_exponent_each() -> None:
    size = 6
    network = network_of(sizes=(2, size, 1)).double()
    with torch.no_grad():
        recurrent_weight(network).copy_(torch.diag(torch.linspace(0.3, 1.5, size)))
    sample = sample_for(network, num_timesteps=80, batch_size=3)
    cell = linearise_network(network, sample)[0][0]

    exponents_BK = lyapunov_exponents(cell, num_timesteps=80, count=size, transient=0)

    slope_PBH = 1 - cell.state_parts[0].square()
    own_BH = (slope_PBH * recurrent_weight(network).diagonal()).abs().log().mean(dim=0)
    torch.testing.assert_close(exponents_BK.sum(dim=1), own_BH.sum(dim=1), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(
        exponents_BK[:, 0], own_BH.amax(dim=1), rtol=0.0, atol=0.1
    )  # a frame that is not yet aligned costs about ln(size) / T


@pytest.mark.parametrize(("kind", "gate", "first"), [("gru", "update", 5), ("lstm", "forget", 5)])
def test_a_gated_cell_without_recurrence_keeps_what_its_gate_keeps(
    kind: str, gate: str, first: int
) -> None:
    """J is diagonal: each exponent is the mean of ln gate of one unit.

    The frame aligns as exp(-gap * timesteps), so no random bias may bring two exponents near.
    The state of an LSTM holds its output beside the cell: a vector's length counts both, so that
    an exponent over T timesteps may differ by ln(2) / T.
    """
    network = network_of(kind, sizes=(2, 5, 1)).double()
    with torch.no_grad():
        recurrent_weight(network).zero_()
        network.layers[0].get_parameter("bias_hh_l0").zero_()
        network.layers[0].get_parameter("bias_ih_l0")[first : first + 5] = torch.linspace(-3, 3, 5)
    sample = sample_for(network, num_timesteps=250, batch_size=4)
    cell = linearise_network(network, sample)[0][0]
    by_gate = {
        r.scope: r.value
        for r in measure_gates(look_at(network, sample))
        if r.quantity == "time_constant"
    }

    ends = math.log(2) / 120 if kind == "lstm" else 1e-6
    exponents_BK = lyapunov_exponents(cell, num_timesteps=250, count=5, transient=130)
    logs_JH = torch.stack(
        [jacobian(cell, p, 0)[-5:, -5:].diagonal().log() for p in range(130, 250)]
    )

    torch.testing.assert_close(
        exponents_BK[0], logs_JH.mean(dim=0).sort(descending=True).values, rtol=0.0, atol=ends
    )
    assert by_gate[Scope.gate(0, gate)] > 1


def test_an_euler_step_of_an_antisymmetric_flow_grows_unless_it_is_damped() -> None:
    size, step = 8, 0.1
    network = network_of(activation="linear", sizes=(2, size, 1)).double()
    raw_HH = torch.randn(size, size).double()
    skew_HH = raw_HH - raw_HH.T
    frequency = float(torch.linalg.eigvals(skew_HH).abs().max())

    for damping in (0.0, 0.3):
        with torch.no_grad():
            flow_HH = skew_HH - damping * torch.eye(size).double()
            recurrent_weight(network).copy_(torch.eye(size) + step * flow_HH)
        expected = math.hypot(1 - step * damping, step * frequency)
        assert spectral_radius(network) == pytest.approx(expected, rel=1e-12)


def test_a_leaky_unit_has_a_shifted_spectrum() -> None:
    size, leak = 7, 0.2
    network = network_of(activation="linear", sizes=(2, size, 1)).double()
    matrix_HH = torch.randn(size, size).double() / math.sqrt(size)
    with torch.no_grad():
        recurrent_weight(network).copy_((1 - leak) * torch.eye(size).double() + leak * matrix_HH)

    expected = (1 - leak + leak * torch.linalg.eigvals(matrix_HH)).abs().max()

    assert spectral_radius(network) == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.parametrize(("side", "bias"), [(1, -2.655610), (-1, -2.344390)])
def test_doyas_unit_is_neutral_where_its_fixed_points_meet(side: int, bias: float) -> None:
    """x ← 5σ(x) + b, which is u ← tanh(1.25 u + 1.25 + b / 2) of u = tanh(x / 2)."""
    state = side * math.sqrt(0.2)
    network = network_of(sizes=(1, 1, 1)).double()
    meeting = 2 * (math.atanh(state) - 1.25 * (1 + state))
    sample = sample_for(network, num_timesteps=100, batch_size=2)
    with torch.no_grad():
        for name, value in (
            ("weight_hh_l0", 1.25),
            ("weight_ih_l0", 1.0),
            ("bias_ih_l0", 1.25 + meeting / 2),
            ("bias_hh_l0", 0.0),
        ):
            network.layers[0].get_parameter(name).fill_(value)
        # the first input puts the unit on the fixed point, and nothing moves it from there
        sample.x_TBI.zero_()
        sample.x_TBI[0] = 1.25 * state

    exponents = read(measure_lyapunov_exponents(look_at(network, sample)))
    stretch = read(measure_jacobian_singular_values(look_at(network, sample)))

    assert meeting == pytest.approx(bias, abs=1e-6)
    assert [one.value for one in exponents] == pytest.approx([0, 0, 0], abs=1e-10)
    assert [one.value for one in stretch] == pytest.approx([1, 1, 1], abs=1e-10)


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_truncated_training_sees_nothing_beyond_its_window(kind: str) -> None:
    network = network_of(kind, sizes=(2, 6, 1)).double()
    sample = sample_for(network, num_timesteps=12, batch_size=3)
    cut = Chunking(length=4, at_boundary=detached)

    def input_gradient(chunking: Chunking | None) -> Tensor:
        x_TBI = sample.x_TBI.clone().requires_grad_()
        loss = sample.loss_terms(network(x_TBI, chunking=chunking), sample.targets).mean()
        return torch.autograd.grad(loss, x_TBI)[0]

    whole_TBI, truncated_TBI = input_gradient(None), input_gradient(cut)

    assert bool((truncated_TBI[:8] == 0).all())
    assert bool((whole_TBI[:8] != 0).any())
    torch.testing.assert_close(truncated_TBI[8:], whole_TBI[8:], rtol=1e-12, atol=1e-15)


def test_a_truncated_gradient_is_the_sum_of_its_lags() -> None:
    network = network_of(sizes=(2, 6, 1)).double()
    sample = sample_for(network, num_timesteps=12, batch_size=1)
    cell = linearise_network(network, sample)[0][0]
    output = network(sample.x_TBI, chunking=Chunking(length=4, at_boundary=detached))
    loss = sample.loss_terms(output, sample.targets).mean()
    (expected_HH,) = torch.autograd.grad(loss, [recurrent_weight(network)])
    error = 2 * (output - sample.targets).detach()

    adjoint_1H = error @ network.readout.weight.detach()
    parts = []
    for p in reversed(range(12)):
        gates_1H, adjoint_1H = cell.backward(p, slice(1), adjoint_1H)
        parts.append(gates_1H.T @ cell.states.previous_PBH[p])

    torch.testing.assert_close(torch.stack(parts[:4]).sum(0), expected_HH, rtol=1e-10, atol=1e-14)


def test_chrono_biases_give_a_kernel_that_is_no_exponential() -> None:
    """E f^k over b_f = ln u, u ~ U[1, T−1], is the mean of (u/(1+u))^k."""
    size, longest = 400, 784
    network = network_of("lstm", sizes=(1, size, 1)).double()
    span_H = 1 + (longest - 2) * torch.rand(size).double()
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.zero_()
        network.layers[0].get_parameter("bias_ih_l0")[size : 2 * size] = span_H.log()
    sample = sample_for(network, num_timesteps=300, batch_size=1)
    cell = linearise_network(network, sample)[0][0]

    adjoint_1S = torch.cat([torch.zeros(1, size), torch.ones(1, size)], dim=1).double()
    kernel = []
    for p in reversed(range(300)):
        _, adjoint_1S = cell.backward(p, slice(1), adjoint_1S)
        kernel.append(float(adjoint_1S[0, size:].mean()))

    for lag in (1, 10, 100, 300):
        expected = float(((span_H / (1 + span_H)) ** lag).mean())
        assert kernel[lag - 1] == pytest.approx(expected, rel=1e-9)
    assert kernel[0] == pytest.approx(0.99236, abs=0.01)
    assert kernel[99] == pytest.approx(0.67661, abs=0.06)
    rate = np.diff(np.log(kernel))
    assert rate[0] < 1.5 * rate[-1] < 0  # what is left decays ever more slowly


def test_the_certificate_bounds_what_is_measured() -> None:
    network = network_of(sizes=(2, 10, 3)).double()
    with torch.no_grad():
        weight = recurrent_weight(network)
        weight.mul_(0.9 / torch.linalg.matrix_norm(weight, ord=2))
    sample = sample_for(network, num_timesteps=40, batch_size=16)
    readings = read(measure_recurrent_matrices(look_at(network, sample)))
    (certificate,) = [r.value for r in readings if r.quantity == "vanishing_certificate"]

    profiles = measure_lag_profiles(look_at(network, sample))
    exponents = read(measure_lyapunov_exponents(look_at(network, sample)))

    assert certificate == pytest.approx(0.9, rel=1e-9)
    (layer,) = [p for p in profiles if (str(p.scope), p.path) == ("layer:0", "total")]
    assert np.diff(layer.log_norm_T).max() <= math.log(certificate)
    assert all(reading.value <= math.log(certificate) for reading in exponents)


def test_a_default_network_vanishes_without_a_certificate() -> None:
    """σ_max > 1 is no sign of health: torch's own start has 2/√3 and forgets at e^-0.55 a step."""
    network = network_of(sizes=(4, 200, 1)).double()
    sample = sample_for(network, num_timesteps=60, batch_size=4)

    readings = read(measure_recurrent_matrices(look_at(network, sample)))
    exponents = read(measure_lyapunov_exponents(look_at(network, sample)))

    (certificate,) = [r.value for r in readings if r.quantity == "vanishing_certificate"]
    assert certificate == pytest.approx(2 / math.sqrt(3), abs=0.1)
    assert exponents[0].value < -0.4


def test_norms_below_the_squares_of_single_precision_are_right() -> None:
    entries = torch.full((100,), 1e-23)

    (norm,) = tensor_norms([entries])

    assert float(torch.linalg.vector_norm(entries)) == 0.0  # the trap
    assert float(norm) == pytest.approx(1e-22, rel=1e-6)


def test_a_retained_gradient_of_the_outputs_is_only_the_immediate_part() -> None:
    network = orthogonal_network(8, 0.9, dtype=torch.float64)
    sample = sample_for(network, num_timesteps=20, batch_size=2)
    out_TBH = network.layers[0](sample.x_TBI)[0]
    out_TBH.retain_grad()
    outputs = network.readout(out_TBH[-1])
    sample.loss_terms(outputs, sample.targets).sum().backward()
    assert out_TBH.grad is not None

    (_, layer, *_) = measure_lag_profiles(look_at(network, sample))

    assert bool((out_TBH.grad[:-1] == 0).all())  # the trap
    assert bool(np.isfinite(layer.log_norm_T).all())
    assert layer.log_norm_T[0] == pytest.approx(
        0.5 * math.log(float(out_TBH.grad[-1].square().sum(dim=1).mean())), abs=1e-12
    )
