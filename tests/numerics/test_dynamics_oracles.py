"""Jacobians, exponents and spectra against closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.numerics.networks import look_at, network_of, orthogonal_network, read, sample_for
from worker.cells.linearisation import Linearisation
from worker.models.network import SequenceModel
from worker.probes.lyapunov import lyapunov_exponents, measure_lyapunov_exponents
from worker.probes.recurrent_matrix import measure_recurrent_matrices
from worker.replay.jacobians import jacobian
from worker.replay.preparation import linearise_network
from worker.replay.sample import ProbeSample


def linearised(network: SequenceModel, sample: ProbeSample) -> Linearisation:
    return linearise_network(network, sample)[0][0]


def forward_step(network: SequenceModel, x_I: Tensor, state_S: Tensor) -> Tensor:
    """One timestep by torch's own module, from a given state."""
    hidden_size = network.hidden_size
    parts = tuple(part[None, None] for part in state_S.split(hidden_size))
    start = parts if network.kind == "lstm" else parts[0]
    _, after = network.layers[0](x_I[None, None], start)
    return torch.cat([part.flatten() for part in (after if network.kind == "lstm" else (after,))])


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_the_closed_form_is_the_derivative_of_torchs_own_step(kind: str) -> None:
    network = network_of(kind, sizes=(2, 5, 1)).double()
    sample = sample_for(network, num_timesteps=6, batch_size=3)
    cell = linearised(network, sample)
    state_S = torch.cat([part[3, 1] for part in cell.state_parts])

    expected_SS = torch.autograd.functional.jacobian(
        lambda state: forward_step(network, sample.x_TBI[4, 1], state), state_S
    )

    torch.testing.assert_close(jacobian(cell, 4, 1), expected_SS, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_the_adjoint_of_a_long_product_is_the_product_of_adjoints(kind: str) -> None:
    network = network_of(kind, sizes=(2, 8, 1)).double()
    with torch.no_grad():
        for name, parameter in network.layers.named_parameters():
            parameter.mul_(6 if "weight_hh" in name else 1)
    sample = sample_for(network, num_timesteps=100, batch_size=1)
    cell = linearised(network, sample)
    ahead, back = torch.randn(2, cell.state_size, dtype=torch.float64)

    v, u = ahead, back[None]
    for p in range(1, 100):
        v = jacobian(cell, p, 0) @ v
    for p in reversed(range(1, 100)):
        _, u = cell.backward(p, slice(1), u)

    assert float(back @ v) == pytest.approx(float(u[0] @ ahead), rel=1e-9)


def test_central_differences_agree() -> None:
    network = network_of("lstm", sizes=(2, 4, 1)).double()
    sample = sample_for(network, num_timesteps=3, batch_size=1)
    cell = linearised(network, sample)
    state_S = torch.cat([part[1, 0] for part in cell.state_parts])
    step = 1e-6

    columns = []
    with torch.no_grad():
        for s in range(cell.state_size):
            nudge_S = torch.zeros_like(state_S)
            nudge_S[s] = step
            ahead_S = forward_step(network, sample.x_TBI[2, 0], state_S + nudge_S)
            behind_S = forward_step(network, sample.x_TBI[2, 0], state_S - nudge_S)
            columns.append((ahead_S - behind_S) / (2 * step))

    torch.testing.assert_close(
        jacobian(cell, 2, 0), torch.stack(columns, dim=1), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("forget_bias", [0.0, 1.0, 2.0])
def test_an_lstm_at_rest_has_the_spectrum_of_its_cell_gate(forget_bias: float) -> None:
    size = 12
    network = network_of("lstm", sizes=(1, size, 1)).double()
    with torch.no_grad():
        named = dict(network.layers[0].named_parameters())
        named["bias_ih_l0"].zero_()
        named["bias_hh_l0"].zero_()
        named["bias_ih_l0"][size : 2 * size] = forget_bias
    sample = ProbeSample(
        x_TBI=torch.zeros(4, 1, 1, dtype=torch.float64),
        lengths_B=None,
        targets=torch.zeros(1, 1),
        loss_terms=lambda outputs, targets: (outputs - targets).sum(dim=-1),
    )
    cell = linearised(network, sample)

    found = torch.linalg.eigvals(jacobian(cell, 2, 0))
    gate_HH = cell.weights.recurrent_GH[2 * size : 3 * size]
    open_share = 1 / (1 + math.exp(-forget_bias))
    expected = torch.cat(
        [open_share + torch.linalg.eigvals(gate_HH) / 4, torch.zeros(size, dtype=torch.complex128)]
    )

    np.testing.assert_allclose(
        np.sort(found.abs().numpy()), np.sort(expected.abs().numpy()), atol=1e-6
    )
    assert float(found.sum().real) == pytest.approx(float(expected.sum().real), abs=1e-12)


def test_exponents_add_up_to_the_mean_log_determinant() -> None:
    network = network_of(sizes=(2, 10, 1)).double()
    sample = sample_for(network, num_timesteps=40, batch_size=5)
    cell = linearised(network, sample)

    exponents_BK = lyapunov_exponents(cell, num_timesteps=40, count=10, transient=0)

    log_slopes_B = torch.log1p(-sample_states(cell).square()).sum(dim=2).mean(dim=0)
    log_det = torch.linalg.slogdet(cell.weights.recurrent_GH).logabsdet
    torch.testing.assert_close(
        exponents_BK.sum(dim=1), log_det + log_slopes_B, rtol=1e-9, atol=1e-9
    )


def sample_states(cell: Linearisation) -> Tensor:
    return cell.state_parts[0]


def test_the_exponents_of_a_fixed_matrix_are_the_logs_of_its_eigenvalues() -> None:
    network = network_of(activation="linear", sizes=(1, 6, 1)).double()
    radii = torch.tensor([1.1, 0.9, 0.7, 0.5, 0.3, 0.2], dtype=torch.float64)
    basis = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64)).Q
    with torch.no_grad():
        matrix = basis @ torch.diag(radii) @ basis.T
        dict(network.layers[0].named_parameters())["weight_hh_l0"].copy_(matrix)
        network.layers[0].register_parameter(
            "weight_ih_l0", torch.nn.Parameter(torch.zeros(6, 1).double())
        )
    sample = sample_for(network, num_timesteps=300, batch_size=2)

    exponents_BK = lyapunov_exponents(
        linearised(network, sample), num_timesteps=300, count=6, transient=100
    )

    torch.testing.assert_close(exponents_BK[0], radii.log(), rtol=1e-5, atol=1e-8)


def test_all_exponents_of_a_large_matrix_that_has_no_symmetry() -> None:
    size, num_timesteps = 64, 3500
    network = network_of(activation="linear", sizes=(1, size, 1)).double()
    # an upper triangular matrix in another basis: far from normal, its eigenvalues on its diagonal
    radii = torch.linspace(1.2, 0.2, size, dtype=torch.float64)
    triangle = torch.diag(radii) + torch.triu(torch.randn(size, size).double() / size, 1)
    basis = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64)).Q
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.zero_()
        matrix = network.layers[0].get_parameter("weight_hh_l0")
        matrix.copy_(basis @ triangle @ basis.T)
    cell = linearised(network, sample_for(network, num_timesteps=num_timesteps, batch_size=1))

    found = lyapunov_exponents(cell, num_timesteps=num_timesteps, count=size, transient=1000)[0]

    log_det = torch.linalg.slogdet(matrix.detach()).logabsdet
    assert float(found[0]) == pytest.approx(float(radii[0].log()), abs=1e-5)
    torch.testing.assert_close(found, radii.log(), rtol=0, atol=3e-4)
    assert float(found.sum()) == pytest.approx(float(log_det), rel=5e-14)


def test_an_orthogonal_network_has_one_exponent_and_one_radius() -> None:
    network = orthogonal_network(10, 0.8, dtype=torch.float64)
    sample = sample_for(network, num_timesteps=30, batch_size=4)

    exponents = read(measure_lyapunov_exponents(look_at(network, sample, step=3)))
    matrices = read(measure_recurrent_matrices(look_at(network, sample, step=3)))

    names = [*(f"lyapunov_{k}" for k in (1, 2, 3, 4)), "lyapunov_1.low", "lyapunov_1.high"]
    assert [reading.quantity for reading in exponents] == names
    for reading in exponents:
        assert reading.value == pytest.approx(math.log(0.8), abs=1e-12)
    assert {(r.quantity, str(r.scope)) for r in matrices} == {
        ("spectral_radius", "layer:0"),
        ("sigma_max", "layer:0"),
        ("vanishing_certificate", "layer:0"),
    }
    for reading in matrices:
        assert reading.value == pytest.approx(0.8, abs=1e-12)
