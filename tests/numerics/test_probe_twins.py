"""Each probe against the plainest way of finding the same number."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap
from tests.numerics.networks import look_at, network_of, read, sample_for
from worker.cells.lstm import LstmLinearisation
from worker.models.network import SequenceModel
from worker.probes.activations import measure_activations
from worker.probes.adjoint import adjoint_error, measure_adjoint_error
from worker.probes.gates import measure_gates
from worker.probes.jacobian_singular_values import measure_jacobian_singular_values
from worker.probes.loss_gradient import AGREEMENT, NUM_PARTS, measure_loss_gradient
from worker.probes.lyapunov import lyapunov_exponents, measure_lyapunov_exponents
from worker.replay.jacobians import jacobian, spaced_timesteps
from worker.replay.preparation import linearise_network
from worker.replay.sample import ProbeSample

KINDS: tuple[str, ...] = ("elman", "gru", "lstm")


def own_jacobian(
    network: SequenceModel, layer: int, x_I: Tensor, state_S: Tensor, *, suffix: str = ""
) -> Tensor:
    """By autograd through one timestep of torch's own cell, weights in hand."""
    named = dict(network.layers[layer].named_parameters())
    weights = [named[f"{name}_l0{suffix}"] for name in ("weight_ih", "weight_hh")]
    biases = [named[f"{name}_l0{suffix}"] for name in ("bias_ih", "bias_hh")]

    def after(state: Tensor) -> Tensor:
        parts = tuple(part[None] for part in state.split(network.hidden_size))
        if network.kind == "lstm":
            return torch.cat(torch.lstm_cell(x_I[None], parts, *weights, *biases), dim=1)[0]
        cell = {"gru": torch.gru_cell, "elman": torch.rnn_tanh_cell}[network.kind]
        return cell(x_I[None], parts[0], *weights, *biases)[0]

    found: Tensor = torch.autograd.functional.jacobian(after, state_S)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_singular_values_are_those_of_autograds_jacobian(kind: str) -> None:
    network = network_of(kind, sizes=(2, 6, 1), num_layers=2, bidirectional=True).double()
    sample = sample_for(network, num_timesteps=9, batch_size=2)

    found = {
        (r.quantity, r.scope): r.value
        for r in read(measure_jacobian_singular_values(look_at(network, sample)))
    }

    for level in linearise_network(network, sample):
        for cell in level:
            states = cell.states
            suffix = "" if states.direction == "forward" else "_reverse"
            values_JS = torch.stack(
                [
                    torch.linalg.svdvals(
                        own_jacobian(
                            network,
                            states.layer,
                            states.x_PBI[p, b],
                            torch.cat([part[p - 1, b] for part in cell.state_parts]),
                            suffix=suffix,
                        )
                    )
                    for p in spaced_timesteps(9, 4)
                    for b in range(2)
                ]
            )
            expected = {
                "jacobian_sigma_max": values_JS[:, 0],
                "jacobian_sigma_min": values_JS[:, -1],
                "jacobian_condition": values_JS[:, 0] / values_JS[:, -1],
            }
            for quantity, values_J in expected.items():
                assert found[quantity, states.scope] == pytest.approx(
                    float(values_J.median()), rel=1e-6
                )


@pytest.mark.parametrize("num_timesteps", [1, 2, 3, 7, 400])
def test_jacobians_are_taken_at_timesteps_that_have_one_before_them(num_timesteps: int) -> None:
    spaced = spaced_timesteps(num_timesteps, 4)

    assert spaced[-1] == num_timesteps - 1
    assert all(p > 0 for p in spaced) or num_timesteps == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_spectrum_adds_up_to_the_log_determinant_of_every_timestep(kind: str) -> None:
    network = network_of(kind, sizes=(2, 6, 1)).double()
    sample = sample_for(network, num_timesteps=30, batch_size=3)
    cell = linearise_network(network, sample)[0][0]

    exponents_BK = lyapunov_exponents(cell, num_timesteps=30, count=cell.state_size, transient=0)

    for b in range(3):
        logs = [torch.linalg.slogdet(jacobian(cell, p, b)).logabsdet for p in range(30)]
        assert float(exponents_BK[b].sum()) == pytest.approx(
            float(torch.stack(logs).mean()), abs=2e-9
        )


@pytest.mark.parametrize(("kind", "count"), [("elman", 6), ("gru", 6), ("lstm", 12)])
def test_the_whole_spectrum_has_one_exponent_a_coordinate(kind: str, count: int) -> None:
    network = network_of(kind, sizes=(2, 6, 1), num_layers=2)
    sample = sample_for(network, num_timesteps=15, batch_size=3, varied=True)

    found = read(
        measure_lyapunov_exponents(look_at(network, sample, step=2, wanted={"lyapunov_spectrum"}))
    )

    names = [f"lyapunov_{rank}" for rank in range(1, count + 1)]
    names += ["lyapunov_1.low", "lyapunov_1.high"]
    assert [(r.quantity, str(r.scope)) for r in found] == [
        (name, f"layer:{layer}") for layer in (0, 1) for name in names
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_forward_and_backward_products_are_each_others_transposes(
    kind: str, *, bidirectional: bool
) -> None:
    network = network_of(kind, num_layers=2, bidirectional=bidirectional)
    with torch.no_grad():
        for name, parameter in network.layers.named_parameters():
            parameter.mul_(5 if "weight_hh" in name else 1)
    sample = sample_for(network, num_timesteps=200, batch_size=2)

    found = read(measure_adjoint_error(look_at(network, sample)))

    assert len(found) == 2 * (1 + bidirectional)
    assert all(0 <= reading.value < 1e-9 for reading in found)


def test_the_adjoint_identity_holds_far_below_the_smallest_double() -> None:
    network = network_of("gru").double()
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.mul_(1e-3)
        dict(network.layers[0].named_parameters())["bias_ih_l0"][5:10] = -40.0
    sample = sample_for(network, num_timesteps=100, batch_size=2)

    (found,) = read(measure_adjoint_error(look_at(network, sample)))

    assert found.value < 1e-12


def test_a_wrong_closed_form_fails_the_adjoint_identity() -> None:
    network = network_of("lstm", sizes=(2, 6, 1)).double()
    sample = sample_for(network, num_timesteps=20, batch_size=2)
    cell = linearise_network(network, sample)[0][0]
    assert isinstance(cell, LstmLinearisation)

    class Skewed(LstmLinearisation):
        def forward(self, p: int, rows: Tensor | slice, tangent_NS: Tensor) -> Tensor:
            return super().forward(p, rows, tangent_NS) * 1.001

    skewed = Skewed(**vars(cell))

    assert adjoint_error(cell, num_timesteps=20) < 1e-13
    assert adjoint_error(skewed, num_timesteps=20) > 1e-4


def gradient_by_hand(network: SequenceModel, sample: ProbeSample) -> Tensor:
    """Through the network's own forward pass, in the order in which probes read parameters."""
    network.zero_grad()
    outputs = network(sample.x_TBI, sample.lengths_B)
    targets = sample.targets
    if not network.many_to_one:
        valid_TB = torch.arange(sample.x_TBI.shape[0])[:, None] < sample.valid_lengths()
        outputs, targets = outputs[valid_TB], targets[valid_TB]
    sample.loss_terms(outputs, targets).mean().backward()
    parameters = [*network.layers.parameters(), *network.readout.parameters()]
    gradients = [p.grad.flatten() for p in parameters if p.grad is not None]
    network.zero_grad()
    return torch.cat(gradients).double()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("many_to_one", [True, False])
def test_noise_and_agreement_are_those_of_gradients_by_hand(
    kind: str, *, many_to_one: bool
) -> None:
    network = network_of(kind, num_layers=2, bidirectional=True, many_to_one=many_to_one).double()
    sample = sample_for(network, num_timesteps=8, batch_size=3 * NUM_PARTS)
    sample = replace(sample, targets=sample.targets + 3)  # a signal beside the noise
    earlier_P = torch.randn(sum(p.numel() for p in network.parameters())).double()
    kept = {AGREEMENT: earlier_P}

    found = measure_loss_gradient(look_at(network, sample, step=1, kept=kept))

    parts = [sample.take(3 * k, 3 * k + 3, many_to_one=many_to_one) for k in range(NUM_PARTS)]
    parts_KP = torch.stack([gradient_by_hand(network, part) for part in parts])
    mean_P = parts_KP.mean(dim=0)
    spread = float((parts_KP - mean_P).square().sum() / (NUM_PARTS - 1))
    noise, cosine = read(found)
    torch.testing.assert_close(kept[AGREEMENT], mean_P, rtol=1e-10, atol=1e-13)
    signal = float(mean_P.square().sum()) - spread / NUM_PARTS
    assert noise.value == pytest.approx(3 * spread / signal, rel=1e-8)
    assert cosine.value == pytest.approx(
        float(torch.nn.functional.cosine_similarity(mean_P, earlier_P, dim=0)), abs=1e-10
    )


def test_equal_sequences_have_no_noise() -> None:
    network = network_of("gru").double()
    one = sample_for(network, num_timesteps=8, batch_size=1)
    same = replace(one, x_TBI=one.x_TBI.repeat(1, 16, 1), targets=one.targets.repeat(16, 1))

    noise, gap = measure_loss_gradient(look_at(network, same))

    assert not isinstance(noise, ProbeGap)
    assert noise.value == pytest.approx(0.0, abs=1e-10)
    assert isinstance(gap, ProbeGap)


def test_a_gradient_that_is_all_noise_has_no_scale() -> None:
    network = network_of("gru").double()
    one = sample_for(network, num_timesteps=8, batch_size=1)
    outputs_BO = network(one.x_TBI).detach()
    sign_B1 = torch.tensor([1.0, -1.0]).repeat(8)[:, None].double()
    opposed = replace(one, x_TBI=one.x_TBI.repeat(1, 16, 1), targets=outputs_BO + sign_B1)

    parts = [opposed.take(0, 1, many_to_one=True), opposed.take(0, 2, many_to_one=True)]
    single, _ = measure_loss_gradient(look_at(network, parts[0]))
    lost, _ = measure_loss_gradient(look_at(network, parts[1]))

    assert isinstance(single, ProbeGap)
    assert single.reason == "the sample has one sequence"
    assert isinstance(lost, ProbeGap)
    assert lost.reason == "the gradient of 2 sequences is lost in its noise"


@pytest.mark.parametrize(("kind", "gate"), [("lstm", "forget"), ("gru", "update")])
def test_a_constant_gate_has_its_own_time_constant(kind: str, gate: str) -> None:
    network = network_of(kind, sizes=(2, 4, 1)).double()
    drive_H = torch.linspace(-1, 4, 4).double()
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.zero_()
        dict(network.layers[0].named_parameters())["bias_ih_l0"][4:8] = drive_H
    sample = sample_for(network, num_timesteps=10, batch_size=3, varied=True)

    found = {(r.quantity, r.scope): r.value for r in measure_gates(look_at(network, sample))}

    expected = (-1 / torch.sigmoid(drive_H).log()).mean()
    assert found["time_constant", Scope.gate(0, gate)] == pytest.approx(float(expected), rel=1e-12)
    assert sum(quantity == "time_constant" for quantity, _ in found) == 1


def test_units_that_always_fire_are_counted_by_hand_too() -> None:
    network = network_of(activation="relu", sizes=(3, 40, 1)).double()
    with torch.no_grad():
        dict(network.layers[0].named_parameters())["bias_ih_l0"].uniform_(-2, 2)
    sample = sample_for(network, num_timesteps=12, batch_size=5)
    out_TBH = network.layers[0](sample.x_TBI)[0]
    is_open_FH = (out_TBH > 0).flatten(0, 1)

    found = {r.quantity: r.value for r in measure_activations(look_at(network, sample))}

    assert found["always_on_fraction"] == pytest.approx(float(is_open_FH.all(0).double().mean()))
    assert found["dead_fraction"] == pytest.approx(float((~is_open_FH).all(0).double().mean()))
    assert math.isfinite(found["mean_derivative"])
