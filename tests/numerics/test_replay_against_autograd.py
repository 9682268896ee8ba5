import itertools

import numpy as np
import pytest
import torch

from app.domain.specs.model.cell import Nonlinearity
from tests.numerics.brute_force import gradient_norms
from tests.numerics.networks import network_of, sample_for
from worker.models.layers import Chunking, detached
from worker.models.network import SequenceModel
from worker.replay.anchors import choose_anchors, loss_cotangents, read_states
from worker.replay.network import AnchorReplay, ScopeTrace, trace_scopes
from worker.replay.preparation import deviations, linearise_network
from worker.replay.sample import ProbeSample

CELLS: list[tuple[str, Nonlinearity]] = [
    ("elman", "tanh"),
    ("elman", "relu"),
    ("gru", "tanh"),
    ("lstm", "tanh"),
]
VARIANTS = list(itertools.product(CELLS, (1, 2), (False, True), (True, False)))


def replay_scopes(
    network: SequenceModel, sample: ProbeSample, *, bptt_length: int | None = None
) -> tuple[AnchorReplay, tuple[ScopeTrace, ...]]:
    stack = linearise_network(network, sample)
    anchors = choose_anchors(sample, many_to_one=network.many_to_one)
    top = tuple(cell.states for cell in stack[-1])
    states_ND = read_states(top, anchors, many_to_one=network.many_to_one)
    cotangent_NO = loss_cotangents(network, sample, anchors, states_ND)
    replay = AnchorReplay(
        stack=stack,
        anchors=anchors,
        readout_gradient_ND=cotangent_NO @ network.readout.weight.detach().double(),
        many_to_one=network.many_to_one,
        deviations=deviations(stack, sample.valid_lengths()),
        bptt_length=bptt_length,
    )
    return replay, trace_scopes(replay)


def assert_equal_to_autograd(
    network: SequenceModel, sample: ProbeSample, *, bptt_length: int | None = None
) -> None:
    replay, scopes = replay_scopes(network, sample, bptt_length=bptt_length)
    anchors = zip(replay.anchors.sequence_N, replay.anchors.timestep_N, strict=True)
    for n, (b, t) in enumerate(anchors):
        expected = gradient_norms(network, sample, int(b), int(t), bptt_length=bptt_length)
        assert {(str(scope.scope), scope.path) for scope in scopes} == set(expected)
        for scope in scopes:
            measured_L = np.exp(scope.log_norm_NLQ[n, :, 0])
            measured_L = measured_L[~np.isnan(measured_L)]
            twin_L = np.array(expected[str(scope.scope), scope.path])
            assert measured_L.shape == twin_L.shape
            np.testing.assert_allclose(measured_L, twin_L, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(("cell", "num_layers", "two_way", "many_to_one"), VARIANTS)
def test_the_replay_is_autograd_at_every_lag_and_scope(
    cell: tuple[str, Nonlinearity], *, num_layers: int, two_way: bool, many_to_one: bool
) -> None:
    network = network_of(
        cell[0],
        activation=cell[1],
        sizes=(2, 3, 2),
        num_layers=num_layers,
        bidirectional=two_way,
        many_to_one=many_to_one,
    ).double()

    sample = sample_for(network, num_timesteps=7, batch_size=2, varied=True)

    assert_equal_to_autograd(network, sample)


@pytest.mark.parametrize("bptt_length", [1, 3, 6, 7, 20])
@pytest.mark.parametrize(("num_layers", "two_way"), [(1, False), (1, True), (2, True)])
def test_a_cut_gradient_is_autograd_with_detached_states(
    bptt_length: int, num_layers: int, *, two_way: bool
) -> None:
    network = network_of(
        "lstm", sizes=(2, 3, 2), num_layers=num_layers, bidirectional=two_way, many_to_one=False
    ).double()
    sample = sample_for(network, num_timesteps=7, batch_size=2, varied=True)

    assert_equal_to_autograd(network, sample, bptt_length=bptt_length)


@pytest.mark.parametrize("bptt_length", [1, 3, 7])
@pytest.mark.parametrize("two_way", [False, True])
def test_training_cuts_where_the_replay_cuts(bptt_length: int, *, two_way: bool) -> None:
    network = network_of("gru", bidirectional=two_way, many_to_one=False).double()
    sample = sample_for(network, num_timesteps=7, batch_size=1)
    chunking = Chunking(length=bptt_length, at_boundary=detached)
    x_TBI = sample.x_TBI.clone().requires_grad_()
    outputs_TBO = network(x_TBI, chunking=chunking)
    loss = sample.loss_terms(outputs_TBO[-1], sample.targets[-1]).sum()
    (trained_TBI,) = torch.autograd.grad(loss, x_TBI)

    replay, scopes = replay_scopes(network, sample, bptt_length=bptt_length)
    (last,) = torch.nonzero(replay.anchors.timestep_N == 6).flatten().tolist()
    (whole,) = (one for one in scopes if str(one.scope) == "model")
    reaches_L = np.isfinite(whole.log_norm_NLQ[last, :, 0])

    assert reaches_L.tolist() == (trained_TBI[:, 0].abs().sum(dim=1) > 0).tolist()[::-1]


@pytest.mark.parametrize("num_layers", [1, 3])
def test_linear_networks_and_deeper_stacks_agree_too(num_layers: int) -> None:
    network = network_of("elman", activation="linear", num_layers=num_layers).double()
    sample = sample_for(network, num_timesteps=9, batch_size=3)

    assert_equal_to_autograd(network, sample)


def test_the_parts_of_an_lstm_state_add_up_to_the_whole() -> None:
    network = network_of("lstm").double()
    sample = sample_for(network, num_timesteps=12, batch_size=4)

    _, scopes = replay_scopes(network, sample)
    layer = next(scope for scope in scopes if str(scope.scope) == "layer:0")
    square_NLQ = np.exp(2 * layer.log_norm_NLQ)
    parts = {variant: square_NLQ[:, :, q] for q, variant in enumerate(layer.variants)}

    np.testing.assert_allclose(parts["hidden"] + parts["cell"], parts["whole"], rtol=1e-12)
    assert torch.all(torch.from_numpy(parts["cell"][:, 0]) == 0)
