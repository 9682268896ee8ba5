"""What a probe cannot measure it says: no crash, no silence, no NaN passed for a number."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from app.domain.quantities import PROBE_QUANTITIES
from app.domain.specs.model.cell import Nonlinearity
from app.domain.telemetry import (
    LagProfile,
    PositionProfile,
    ProbeGap,
    Reading,
    ScalarReading,
    of_kind,
)
from tests.numerics.networks import network_of, sample_for
from worker.models.network import SequenceModel
from worker.probes.suite import OF_UPDATES, ProbeOrder, run_probes
from worker.replay.sample import ProbeSample

CELLS: list[tuple[str, Nonlinearity]] = [
    ("elman", "tanh"),
    ("elman", "relu"),
    ("gru", "tanh"),
    ("lstm", "tanh"),
]
#: Units, layers, both directions, many-to-one.
SHAPES = [(1, 1, False, True), (3, 2, True, False)]


def first_weight(network: SequenceModel, value: float) -> None:
    with torch.no_grad():
        next(network.layers.parameters())[0, 0] = value


def scaled(network: SequenceModel, factor: float) -> None:
    with torch.no_grad():
        for parameter in network.layers.parameters():
            parameter.mul_(factor)


def readout(network: SequenceModel, value: float) -> None:
    with torch.no_grad():
        network.readout.weight.fill_(value)


def lengths(sample: ProbeSample, *lengths_b: int) -> ProbeSample:
    return replace(sample, lengths_B=torch.tensor(lengths_b))


NETWORKS: dict[str, Callable[[SequenceModel], None]] = {
    "no loss gradient": lambda network: readout(network, 0.0),
    "read-out not a number": lambda network: readout(network, math.nan),
    "weights zero": lambda network: scaled(network, 0.0),
    "a weight not a number": lambda network: first_weight(network, math.nan),
    "a weight infinite": lambda network: first_weight(network, math.inf),
    "weights huge": lambda network: scaled(network, 1e20),
}
SAMPLES: dict[str, Callable[[ProbeSample], ProbeSample]] = {
    "one timestep": lambda s: replace(s, x_TBI=s.x_TBI[:1], targets=s.targets[:1], lengths_B=None),
    "one sequence": lambda s: s.take(0, 1, many_to_one=s.targets.dim() == 2),
    "lengths of one": lambda s: lengths(s, 1, 1, 1, 1),
    "some lengths of one": lambda s: lengths(s, 1, 5, 1, 4),
    "targets not a number": lambda s: replace(s, targets=torch.full_like(s.targets, math.nan)),
}


#: What is measured before a step.
QUANTITIES = tuple(name for name in PROBE_QUANTITIES if name not in OF_UPDATES)


def probed(network: SequenceModel, sample: ProbeSample) -> tuple[Reading, ...]:
    order = ProbeOrder(tier="full", quantities=QUANTITIES, required_lag=3, seed=0)
    return run_probes(network, sample, order, step=0, clock=lambda: 0.0, kept={}).readings


def assert_all_is_told(found: tuple[Reading, ...]) -> None:
    told = {gap.quantity: gap.reason for gap in of_kind(ProbeGap, found)}
    readings = of_kind(ScalarReading, found)
    measured = {reading.quantity for reading in readings}
    names = {name.partition(".")[0] for name in (*told, *measured)}
    names |= {"lyapunov_exponents", "lyapunov_spectrum"} if "lyapunov_1" in names else set()
    names |= {"jacobian_singular_values"} if "jacobian_sigma_max" in names else set()
    names |= {"hidden_grad_norm", "cell_grad_norm"} if of_kind(PositionProfile, found) else set()
    names |= {"cell_grad_norm"} if "hidden_grad_norm" in told else set()
    assert names >= {*QUANTITIES, "exact_checksum_error", "checksum_error", "adjoint_error"}
    assert all(told.values())
    assert not any(math.isnan(reading.value) for reading in readings)
    assert of_kind(LagProfile, found) or "gradient_horizon" in told


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("situation", [*NETWORKS, *SAMPLES, "no term counts"])
def test_every_probe_answers_in_every_situation(
    cell: tuple[str, Nonlinearity], situation: str
) -> None:
    for hidden_size, num_layers, bidirectional, many_to_one in SHAPES:
        network = network_of(
            cell[0],
            activation=cell[1],
            sizes=(2, hidden_size, 2),
            num_layers=num_layers,
            bidirectional=bidirectional,
            many_to_one=many_to_one,
        )
        sample = sample_for(network, num_timesteps=5, batch_size=4)
        if situation in NETWORKS:
            NETWORKS[situation](network)
        elif situation == "no term counts":
            sample = replace(sample, counted_TB=torch.zeros(5, 4, dtype=torch.bool))
        elif situation != "one timestep" or not many_to_one:
            sample = SAMPLES[situation](sample)
        else:
            sample = replace(sample, x_TBI=sample.x_TBI[:1])

        assert_all_is_told(probed(network, sample))


@pytest.mark.parametrize("situation", ["read-out not a number", "a weight not a number"])
def test_a_network_that_is_no_number_has_no_profile(situation: str) -> None:
    network = network_of("gru", sizes=(2, 4, 2))
    NETWORKS[situation](network)

    found = probed(network, sample_for(network, num_timesteps=9, batch_size=4))

    assert of_kind(LagProfile, found) == ()
    assert {"exact_checksum_error", "checksum_error"} <= {
        gap.quantity for gap in of_kind(ProbeGap, found)
    }


def test_one_target_that_is_no_number_spoils_the_profile() -> None:
    network = network_of("gru", sizes=(2, 4, 2))
    sample = sample_for(network, num_timesteps=9, batch_size=40)
    sample.targets[17] = math.nan

    assert of_kind(LagProfile, probed(network, sample)) == ()
