"""The same gradient, told in two ways, is followed back alike."""

import pytest
import torch

from app.domain.specs.base import kind_of
from app.domain.specs.model import CELLS
from tests.numerics.networks import network_of, sample_for
from worker.replay.adjoint import Injection, Scaled, normalised, propagate
from worker.replay.network import norm_weights
from worker.replay.preparation import linearise_network


@pytest.mark.parametrize("kind", [kind_of(cell) for cell in CELLS])
def test_what_enters_at_one_timestep_alone_is_what_enters_there(kind: str) -> None:
    network = network_of(kind)
    sample = sample_for(network, num_timesteps=12, batch_size=4)
    [[cell]] = linearise_network(network, sample)
    entering_NH = torch.randn(4, 5, dtype=torch.float64)
    start_N = torch.tensor([11, 3, 7, 11])
    entering_PNH = entering_NH.new_zeros(12, 4, 5)
    entering_PNH[start_N, torch.arange(4)] = entering_NH

    alone, everywhere = (
        propagate(
            cell,
            Injection(sequence_N=torch.arange(4), start_N=start_N, **{where: normalised(gradient)}),
            norm_weights_SQ=norm_weights(cell, entering_NH.new_ones(cell.state_size)),
        )
        for where, gradient in (
            ("at_start", Scaled(mantissa=entering_NH, log_scale=torch.zeros(4))),
            ("everywhere", Scaled(mantissa=entering_PNH, log_scale=torch.zeros(12, 4))),
        )
    )

    torch.testing.assert_close(alone.log_norm_PNQ, everywhere.log_norm_PNQ, rtol=0, atol=1e-12)
    assert alone.log_norm_PNQ[11].isfinite().any()
    assert alone.log_norm_PNQ[11].isneginf().any()
