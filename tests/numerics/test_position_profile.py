"""The training gradient over position, against autograd over an explicit loop and oracle 18."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from app.domain.telemetry import PositionProfile, ProbeGap
from tests.numerics.brute_force import Direction, build
from tests.numerics.networks import look_at, network_of, orthogonal_network, sample_for
from worker.models.network import SequenceModel
from worker.probes.position_profile import measure_position_profiles
from worker.replay.sample import ProbeSample

FORMS = list(itertools.product(("elman", "gru", "lstm"), (1, 2), (False, True), (False, True)))


def measured(network: SequenceModel, sample: ProbeSample) -> dict[str, PositionProfile]:
    found = measure_position_profiles(look_at(network, sample, step=3))
    profiles = [one for one in found if isinstance(one, PositionProfile)]
    assert len(profiles) == len(found), found
    return {str(one.scope): one for one in profiles}


def own_loss(
    network: SequenceModel, sample: ProbeSample, b: int
) -> tuple[Tensor, list[list[Direction]]]:
    """The sequence's share of the mean loss, times the number of sequences; states in hand."""
    lengths_B = sample.valid_lengths()
    length = int(lengths_B[b])
    stack = build(network, sample.x_TBI[:length, b])
    top = stack[-1]
    weight, bias = network.readout.weight.double(), network.readout.bias.double()
    if network.many_to_one:
        read = torch.cat([d.hidden[0 if d.is_reverse else length - 1] for d in top])
        output_NO, target_NO = (weight @ read + bias)[None], sample.targets[b][None]
        share = 1.0
    else:
        rows = [torch.cat([d.hidden[t] for d in top]) for t in range(length)]
        output_NO = torch.stack(rows) @ weight.T + bias
        target_NO = sample.targets[:length, b]
        share = sample.num_sequences / int(lengths_B.sum())
    return share * sample.loss_terms(output_NO, target_NO.double()).sum(), stack


def norms_over_position(loss: Tensor, zeros: list[Tensor]) -> list[float]:
    found = torch.autograd.grad(loss, zeros, retain_graph=True, allow_unused=True)
    return [0.0 if g is None else float(g.norm()) for g in found]


def immediate_norms(loss: Tensor, direction: Direction) -> list[float]:
    """Autograd's gradient at a state, less what comes by way of the next one read."""
    found = []
    order = direction.positions()
    for index, t in enumerate(order):
        (total,) = torch.autograd.grad(loss, direction.state_zeros[t][0], retain_graph=True)
        if index + 1 < len(order):
            after = order[index + 1]
            state = tuple(part.detach().requires_grad_() for part in direction.before[after])
            stepped = direction.step(direction.inputs[after].detach(), state, torch.tensor(0.0))
            zeros = direction.state_zeros[after]
            totals = torch.autograd.grad(
                loss, zeros, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            (later,) = torch.autograd.grad(stepped, state[0], grad_outputs=totals)
            total = total - later
        found.append((t, float(total.norm())))
    return [norm for _, norm in sorted(found)]


@pytest.mark.parametrize(("kind", "num_layers", "bidirectional", "many_to_one"), FORMS)
def test_each_position_has_autograds_gradient(
    kind: str, num_layers: int, *, bidirectional: bool, many_to_one: bool
) -> None:
    network = network_of(
        kind,
        sizes=(2, 3, 2),
        num_layers=num_layers,
        bidirectional=bidirectional,
        many_to_one=many_to_one,
    ).double()
    sample = sample_for(network, num_timesteps=5, batch_size=2, varied=True)
    longest = int(sample.valid_lengths().max())

    found = measured(network, sample)

    wanted: dict[str, list[list[list[float]]]] = {}
    for b in range(2):
        loss, stack = own_loss(network, sample, b)
        for layer, level in enumerate(stack):
            for direction in level:
                scope = f"layer:{layer}/reverse" if direction.is_reverse else f"layer:{layer}"
                zeros = [direction.state_zeros[t] for t in range(len(direction.inputs))]
                curves = [
                    norms_over_position(loss, [z[0] for z in zeros]),
                    immediate_norms(loss, direction),
                    norms_over_position(loss, [z[-1] for z in zeros]),
                ]
                wanted.setdefault(scope, []).append(curves)
    assert list(found) == list(wanted)
    for scope, by_sequence in wanted.items():
        profile = found[scope]
        assert profile.num_sequences_T.tolist() == [
            sum(len(curves[0]) > t for curves in by_sequence) for t in range(longest)
        ]
        assert (profile.log_cell_T is not None) == (kind == "lstm")
        curves_of = (profile.log_hidden_T, profile.log_immediate_T, profile.log_cell_T)
        for index, curve_T in enumerate(curves_of):
            if curve_T is not None:
                expected = rms_over([curves[index] for curves in by_sequence], longest)
                np.testing.assert_allclose(np.exp(curve_T), expected, rtol=1e-9, atol=1e-12)


def rms_over(norms: list[list[float]], longest: int) -> list[float]:
    there = [[one[t] for one in norms if len(one) > t] for t in range(longest)]
    return [math.sqrt(sum(n * n for n in at) / len(at)) for at in there]


def test_an_all_step_loss_hides_that_credit_vanishes() -> None:
    radius, size = 0.9, 24
    network = orthogonal_network(size, radius, dtype=torch.float64)
    network = many_to_many_of(network)
    sample = sample_for(network, num_timesteps=200, batch_size=16)

    profile = measured(network, sample)["layer:0"]

    total_T, own_T = np.exp(profile.log_hidden_T), np.exp(profile.log_immediate_T)
    assert np.std(np.log(total_T[:150])) < 0.5
    gain = np.mean(total_T[:150] ** 2) / np.mean(own_T[:150] ** 2)
    assert gain == pytest.approx(1 / (1 - radius**2), rel=0.25)
    assert total_T[-1] == pytest.approx(own_T[-1], rel=1e-12)


def many_to_many_of(network: SequenceModel) -> SequenceModel:
    """The same recurrence with a loss at every timestep, whose terms are white."""
    other = network_of(
        activation="linear", sizes=(2, network.hidden_size, 3), many_to_one=False
    ).double()
    other.load_state_dict(network.state_dict())
    with torch.no_grad():
        other.readout.weight.mul_(1e-3)
    return other


def test_a_sample_of_another_size_gives_the_same_curve() -> None:
    network = network_of("gru").double()
    one = sample_for(network, num_timesteps=9, batch_size=1)
    five = ProbeSample(
        x_TBI=one.x_TBI.repeat(1, 5, 1),
        lengths_B=None,
        targets=one.targets.repeat(5, 1),
        loss_terms=one.loss_terms,
    )

    alone, many = (measured(network, sample)["layer:0"] for sample in (one, five))

    np.testing.assert_allclose(many.log_hidden_T, alone.log_hidden_T, rtol=1e-12)
    np.testing.assert_allclose(many.log_immediate_T, alone.log_immediate_T, rtol=1e-12)


def test_what_vanishes_beyond_float32_still_has_its_logarithm() -> None:
    network = orthogonal_network(8, 0.1, dtype=torch.float32)
    sample = sample_for(network, num_timesteps=400, batch_size=2)

    profile = measured(network, sample)["layer:0"]

    assert profile.log_hidden_T[0] - profile.log_hidden_T[-1] == pytest.approx(
        399 * math.log(0.1), rel=1e-5
    )
    assert np.isneginf(profile.log_immediate_T[:-1]).all()


def test_a_network_that_has_diverged_has_no_curve() -> None:
    network = network_of("gru")
    with torch.no_grad():
        network.layers[0].register_parameter(
            "weight_hh_l0", torch.nn.Parameter(torch.full((15, 5), torch.nan))
        )
    sample = sample_for(network, num_timesteps=5, batch_size=2)

    (gap,) = measure_position_profiles(look_at(network, sample))

    assert isinstance(gap, ProbeGap)
    assert gap.reason == "the states are not finite"
