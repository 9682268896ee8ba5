import itertools
import random
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from app.domain.quantities import PROBE_QUANTITIES, ProbeQuantity
from app.domain.quantities.probe import Tier
from app.domain.telemetry import LagProfile, PositionProfile, ProbeGap, ScalarReading, of_kind
from tests.numerics.networks import look_at, network_of, sample_for
from worker.concurrency import Submit, in_caller, in_threads
from worker.probes import loss_gradient
from worker.probes.card import ProbeCard
from worker.probes.suite import OF_UPDATES, PROBES, ProbeOrder, run_probes, sample_size
from worker.replay.anchors import choose_anchors
from worker.replay.sample import ProbeSample, ReplayableNetwork


@dataclass(frozen=True, kw_only=True)
class Found:
    """What probes found, by the kind of reading."""

    readings: tuple[ScalarReading, ...]
    profiles: tuple[LagProfile, ...]
    positions: tuple[PositionProfile, ...]
    gaps: tuple[ProbeGap, ...]
    seconds: float


def probe(
    network: ReplayableNetwork,
    sample: ProbeSample,
    *,
    tier: Tier = "standard",
    quantities: tuple[ProbeQuantity, ...] | None = None,
    kept: dict[str, torch.Tensor] | None = None,
    submit: Submit = in_caller,
) -> Found:
    ticks = itertools.count()
    result = run_probes(
        network,
        sample,
        ProbeOrder(tier=tier, quantities=quantities, required_lag=10, seed=1),
        step=4,
        clock=lambda: float(next(ticks)),
        kept={} if kept is None else kept,
        submit=submit,
    )
    return Found(
        readings=of_kind(ScalarReading, result.readings),
        profiles=of_kind(LagProfile, result.readings),
        positions=of_kind(PositionProfile, result.readings),
        gaps=of_kind(ProbeGap, result.readings),
        seconds=result.seconds,
    )


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_probes_side_by_side_measure_the_same_bit_for_bit(kind: str) -> None:
    network = network_of(kind, sizes=(2, 24, 3), num_layers=2)
    sample = sample_for(network, num_timesteps=40, batch_size=40)

    in_order = probe(network, sample, tier="full")
    with in_threads(2) as submit:
        beside = probe(network, sample, tier="full", submit=submit)

    assert (beside.readings, beside.gaps) == (in_order.readings, in_order.gaps)
    for one, other in zip(beside.profiles, in_order.profiles, strict=True):
        np.testing.assert_array_equal(one.log_norm_T, other.log_norm_T)
    for here, there in zip(beside.positions, in_order.positions, strict=True):
        np.testing.assert_array_equal(here.log_hidden_T, there.log_hidden_T)


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_probes_look_and_never_touch(kind: str) -> None:
    network = network_of(kind, num_layers=2, bidirectional=True)
    network.train()
    sample = sample_for(network, num_timesteps=20, batch_size=8, varied=True)
    network(sample.x_TBI).sum().backward()
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002

    probe(network, sample, tier="full")
    probe(network, sample, quantities=PROBE_QUANTITIES)

    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, weights[name])
    kept = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(torch.equal(a, b) for a, b in zip(kept, gradients, strict=True))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert repr(np.random.get_state()) == repr(states[1])  # noqa: NPY002
    assert random.getstate() == states[2]


@pytest.mark.parametrize("card", PROBES)
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_every_probe_reads_at_its_step(kind: str, card: ProbeCard) -> None:
    network = network_of(kind)
    sample = sample_for(network, num_timesteps=15, batch_size=4)

    found = card.measure(look_at(network, sample, step=9))

    assert all(one.step == 9 for one in found)
    keys = [(getattr(one, "quantity", getattr(one, "path", "")), one.scope) for one in found]
    assert len(keys) == len(set(keys))


def test_the_model_comes_first_then_each_layer_from_the_bottom() -> None:
    network = network_of("gru", num_layers=2, bidirectional=True)
    sample = sample_for(network, num_timesteps=20, batch_size=8)

    result = probe(network, sample)

    assert [(str(profile.scope), profile.path) for profile in result.profiles] == [
        ("model", "total"),
        ("layer:0", "total"),
        ("layer:0", "within_layer"),
        ("layer:0/reverse", "total"),
        ("layer:0/reverse", "within_layer"),
        ("layer:1", "total"),
        ("layer:1", "within_layer"),
        ("layer:1/reverse", "total"),
        ("layer:1/reverse", "within_layer"),
    ]
    assert all(profile.ratio_at_required_lag is not None for profile in result.profiles)


def test_a_required_lag_beyond_the_sequence_has_no_ratio() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=8, batch_size=4)

    result = probe(network, sample)

    assert result.profiles[0].ratio_at_required_lag is None


def test_what_a_probe_costs_is_among_its_readings() -> None:
    network = network_of()
    sample = sample_for(network, num_timesteps=12, batch_size=4)

    result = probe(network, sample, tier="economy")

    costs = [r.value for r in result.readings if r.quantity == "probe_seconds"]
    assert costs == [result.seconds] == [1.0]


@pytest.mark.parametrize("many_to_one", [True, False])
def test_a_standard_sample_has_128_anchors(*, many_to_one: bool) -> None:
    network = network_of(many_to_one=many_to_one)
    batch_size = sample_size("standard", many_to_one=many_to_one)
    sample = sample_for(network, num_timesteps=12, batch_size=batch_size)

    anchors = choose_anchors(sample, many_to_one=many_to_one)
    result = probe(network, sample)

    assert anchors.sequence_N.numel() == 128
    assert result.profiles[0].num_anchors_T[0] == 128


def test_probes_of_a_diverged_network_say_nothing_false() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=12, batch_size=4)
    with torch.no_grad():
        network.layers[0].register_parameter(
            "weight_hh_l0", torch.nn.Parameter(torch.full((15, 5), torch.nan))
        )

    result = probe(network, sample)

    assert result.profiles == ()
    assert {r.quantity for r in result.readings}.isdisjoint({"spectral_radius", "lyapunov_1"})
    told = {gap.quantity: gap.reason for gap in result.gaps}
    assert (
        told["gradient_horizon"]
        == "the states or the losses are not finite, or no loss term counts"
    )
    assert told["lyapunov_1"] == told["adjoint_error"] == "the states are not finite"
    assert told["spectral_radius"] == "the matrix is not finite"


def wanted_by(tier: Tier) -> frozenset[str]:
    return ProbeOrder(tier=tier, required_lag=None, seed=0).wanted


def test_every_tier_has_what_the_one_below_it_has() -> None:
    assert wanted_by("economy") < wanted_by("standard") < wanted_by("full")
    assert set(PROBE_QUANTITIES) - wanted_by("full") == {"lyapunov_spectrum"}


def test_a_name_is_defined_once_and_every_probe_answers_to_names_that_there_are() -> None:
    names = [name.name for card in PROBES for name in card.names]
    quantities = [quantity.name for card in PROBES for quantity in card.quantities]

    assert len(names) == len(set(names))
    assert len(quantities) == len(set(quantities))
    assert {name for card in PROBES for name in card.other_names} <= set(names)


@pytest.mark.parametrize("tier", ["economy", "standard", "full"])
def test_a_tier_measures_what_it_lists(tier: Tier) -> None:
    network = network_of("elman", activation="relu", sizes=(2, 6, 3))
    sample = sample_for(network, num_timesteps=15, batch_size=8)

    result = probe(network, sample, tier=tier)

    seen = {r.quantity for r in result.readings}
    of_the_gradient = {"gradient_agreement", "gradient_noise_scale"}
    inapplicable = {"gate_mean", "time_constant", "saturated_fraction", "sum_rule"}
    inapplicable |= {"kept_over_required_lag", "keeping_units"}
    inapplicable |= {"hidden_grad_norm", "cell_grad_norm"}  # curves
    several = {"lyapunov_exponents", "jacobian_singular_values"}  # have names of their own
    expected = wanted_by(tier) - OF_UPDATES - inapplicable - several - of_the_gradient
    gaps = {gap.quantity for gap in result.gaps}
    assert expected <= seen | gaps  # relu units that are all off have no condition
    always = {"exact_checksum_error", "checksum_error", "adjoint_error", "probe_seconds"}
    assert always <= seen
    extra = seen - expected - of_the_gradient - always
    assert (of_the_gradient <= seen | gaps) == (tier == "full") == bool(result.positions)
    assert all(name.startswith(("lyapunov_", "sum_rule.")) for name in extra)


def test_what_is_asked_for_by_name_is_all_that_is_measured_beside_the_profile() -> None:
    network = network_of("lstm")
    sample = sample_for(network, num_timesteps=15, batch_size=4)

    result = probe(network, sample, quantities=("sigma_max", "time_constant"))

    assert result.profiles
    assert {r.quantity for r in result.readings} == {
        "exact_checksum_error",
        "checksum_error",
        "adjoint_error",
        "probe_seconds",
        "sigma_max",
        "time_constant",
    }
    assert result.gaps == ()


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("quantity", sorted({*PROBE_QUANTITIES} - OF_UPDATES))
def test_what_is_asked_for_is_answered_by_a_reading_or_a_reason(
    kind: str, quantity: ProbeQuantity, *, bidirectional: bool
) -> None:
    network = network_of(kind, bidirectional=bidirectional)
    sample = sample_for(network, num_timesteps=12, batch_size=4)

    result = probe(network, sample, quantities=(quantity,))

    found = {(r.quantity, r.scope) for r in result.readings if r.quantity[:8] == quantity[:8]}
    found |= {("hidden_grad_norm", profile.scope) for profile in result.positions}
    gaps = {(gap.quantity, gap.scope) for gap in result.gaps}
    assert found or gaps
    assert not found & gaps
    assert all(gap.reason for gap in result.gaps)


def test_the_whole_spectrum_comes_once() -> None:
    network = network_of("lstm", sizes=(2, 5, 1))
    sample = sample_for(network, num_timesteps=20, batch_size=4)

    result = probe(network, sample, quantities=("lyapunov_exponents", "lyapunov_spectrum"))

    found = [r.quantity for r in result.readings if r.quantity.startswith("lyapunov_")]
    exponents = [f"lyapunov_{rank}" for rank in range(1, 11)]
    assert found == [*exponents, "lyapunov_1.low", "lyapunov_1.high"]


def test_a_bidirectional_layer_has_no_exponents_and_says_why() -> None:
    network = network_of("gru", bidirectional=True)
    sample = sample_for(network, num_timesteps=12, batch_size=4)

    result = probe(network, sample)

    gaps = {str(gap.scope): gap.reason for gap in result.gaps if gap.quantity == "lyapunov_1"}
    assert set(gaps) == {"layer:0", "layer:0/reverse"}
    assert "both ends" in gaps["layer:0"]


def test_a_state_too_large_to_factorise_says_so() -> None:
    network = network_of("elman", sizes=(1, 4096, 1))
    sample = sample_for(network, num_timesteps=3, batch_size=2)
    asked: tuple[ProbeQuantity, ...] = (
        "jacobian_singular_values",
        "lyapunov_spectrum",
        "sigma_max",
    )

    result = probe(network, sample, tier="economy", quantities=asked)

    reasons = {gap.quantity: gap.reason for gap in result.gaps}
    too_large = "the state has 4096 coordinates, more than 512"
    assert reasons == {
        "jacobian_sigma_max": too_large,
        "jacobian_sigma_min": too_large,
        "jacobian_condition": too_large,
        "lyapunov_1": too_large,
        "sigma_max": "the matrix has 4096 rows, more than 1024",
    }


def test_a_gradient_too_large_to_keep_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_gradient, "MAX_PARAMETERS", 20)
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=6, batch_size=4)

    kept: dict[str, torch.Tensor] = {}

    result = probe(network, sample, quantities=("gradient_noise_scale",), kept=kept)

    (gap,) = result.gaps
    assert gap.reason == f"the network has {num_parameters(network)} parameters, more than 20"
    assert kept == {}


def num_parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_gradient_is_compared_with_that_of_the_probe_before() -> None:
    network = network_of("gru")
    sample = sample_for(network, num_timesteps=12, batch_size=16)
    asked: tuple[ProbeQuantity, ...] = ("gradient_agreement",)
    kept: dict[str, torch.Tensor] = {}
    kept_without: dict[str, torch.Tensor] = {}

    first = probe(network, sample, quantities=asked, kept=kept)
    second = probe(network, sample, quantities=asked, kept=kept)
    probe(network, sample, kept=kept_without)

    (gap,) = first.gaps
    assert gap.reason == "there is no earlier probe to compare with"
    (cosine,) = [r.value for r in second.readings if r.quantity == "gradient_agreement"]
    assert cosine == pytest.approx(1.0, abs=1e-12)
    assert kept_without == {}
