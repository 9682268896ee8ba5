"""Probes measure on a GPU what they measure on a CPU."""

import copy

import numpy as np
import pytest
import torch

from app.domain.telemetry import LagProfile
from tests.numerics.networks import look_at, network_of, sample_for
from worker.probes.lag_profile import measure_lag_profiles
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.training.determinism import settle_kernels

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]

#: Nats. The states that are replayed are float32, and the two devices round them differently: on an
#: H200 the profiles of larger networks differed by up to 9e-6 (docs/gpu.md).
LOG_NORM_ATOL = 2e-5


def on_gpu(
    network: ReplayableNetwork, sample: ProbeSample
) -> tuple[ReplayableNetwork, ProbeSample]:
    moved = copy.deepcopy(network)
    moved.layers.cuda()
    moved.readout.cuda()
    tensors = {
        name: None if tensor is None else tensor.cuda()
        for name, tensor in (
            ("x_TBI", sample.x_TBI),
            ("targets", sample.targets),
            ("lengths_B", sample.lengths_B),
            ("counted_TB", sample.counted_TB),
        )
    }
    return moved, ProbeSample(loss_terms=sample.loss_terms, **tensors)  # type: ignore[arg-type]


def profiles_of(network: ReplayableNetwork, sample: ProbeSample) -> tuple[LagProfile, ...]:
    return measure_lag_profiles(look_at(network, sample, step=3, required_lag=5, seed=1))


@pytest.mark.parametrize("varied", [False, True])
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_a_lag_profile_on_a_gpu_is_that_of_the_cpu(kind: str, *, varied: bool) -> None:
    settle_kernels(torch.device("cuda"), deterministic=True)
    network = network_of(kind, sizes=(2, 16, 3), num_layers=2, bidirectional=True)
    sample = sample_for(network, num_timesteps=30, batch_size=24, varied=varied)

    on_cpu, on_device = profiles_of(network, sample), profiles_of(*on_gpu(network, sample))

    assert len(on_cpu) == len(on_device) > 0
    for here, there in zip(on_cpu, on_device, strict=True):
        assert (here.scope, here.path) == (there.scope, there.path)
        np.testing.assert_allclose(there.log_norm_T, here.log_norm_T, atol=LOG_NORM_ATOL)
        np.testing.assert_array_equal(there.num_anchors_T, here.num_anchors_T)
