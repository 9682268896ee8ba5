"""Runs whose gradient does not reach back, or grows without bound, are told by what is measured."""

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis.findings import FindingState, Impact, Severity
from app.domain.specs.dataset.base import Dataset
from tests.worker.judgements.trained import Judged, judged
from tests.worker.references.uploads import as_sequences, column, made
from worker.datasets.task import Task

RNG = np.random.default_rng


def first_sign_of_noise() -> tuple[Dataset, Task]:
    """Sequences of noise whose label is the sign of the first value, with a declared lag."""
    values_TBI = RNG(0).normal(size=(60, 240, 1))
    labels = np.where(values_TBI[0, :, 0] > 0, "positive", "negative")
    return as_sequences(values_TBI, labels, task="classification", dependency_lag=59)


def one_huge_value() -> tuple[Dataset, Task]:
    values = np.zeros(400)
    values[150] = 87_423.5
    return made({"kind": "forecast", "target": "y", "window": 12, "horizon": 6}, column(values))


def adding(length: int) -> dict[str, JsonValue]:
    return {"kind": "adding", "length": length}


def test_a_cut_before_a_declared_lag_is_a_truncation_that_is_too_short() -> None:
    run = judged(
        {"model": {"kind": "lstm", "hidden_size": 16}, "training": {"bptt_length": 20}},
        first_sign_of_noise(),
        num_steps=200,
    )

    finding = run.finding("truncation_too_short")
    assert finding.state is FindingState.ACTIVE
    assert finding.severity is not Severity.INFO
    assert "vanishing_gradient" not in run.codes
    assert finding.evidence["untruncated_gradient_ratio"] >= 0.01  # type: ignore[operator]
    for profile in run.case.profiles:
        assert np.isneginf(profile.log_norm_T[20:]).all()
        assert np.isfinite(profile.log_norm_T[:20]).all()


def test_a_cut_before_a_known_lag_is_a_truncation_that_is_too_short() -> None:
    run = judged(
        {
            "model": {"kind": "elman", "hidden_size": 24},
            "dataset": adding(20),
            "training": {"bptt_length": 3},
        },
        num_steps=300,
    )

    finding = run.finding("truncation_too_short")
    assert (finding.state, finding.first_step) == (FindingState.ACTIVE, 0)
    assert finding.evidence["required_lag_timesteps"] == 19
    assert "vanishing_gradient" not in run.codes


def test_a_late_loss_of_what_was_learned_is_an_explosion_that_does_harm() -> None:
    rising_rate: dict[str, JsonValue] = {
        "kind": "adam",
        "learning_rate": 10.0,
        "schedule": {"kind": "warmup", "warmup_steps": 4000},
    }
    run = judged(
        {
            "model": {"kind": "elman", "hidden_size": 16},
            "dataset": {"kind": "temporal_order", "length": 20},
            "optimizer": rising_rate,
            "training": {"batch_size": 16},
        },
        num_steps=400,
    )

    finding = run.finding("exploding_gradient")
    assert finding.state is FindingState.ACTIVE
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    # it had halved the loss first
    assert np.median(run.case.scalar("loss")[40:60]) < 0.8
    assert 20 < finding.first_step < 120
    assert "had fallen" in finding.explanation


def test_one_huge_value_in_the_data_is_no_explosion() -> None:
    run = judged(
        {"model": {"kind": "lstm", "hidden_size": 16}, "training": {"batch_size": 16}},
        one_huge_value(),
        num_steps=400,
    )

    assert run.case.scalar("grad_norm").max() < 3
    assert "exploding_gradient" not in run.codes


def test_an_expansive_start_that_overflows_at_once_is_told_of_the_start() -> None:
    run = judged(
        {
            "model": {"kind": "elman", "hidden_size": 64, "activation": "relu"},
            "init": {"recurrent": {"kind": "xavier_uniform", "gain": 1.8}},
            "dataset": adding(200),
        },
        num_steps=60,
    )

    assert run.finding("exploding_gradient").severity is Severity.CRITICAL
    assert run.finding("non_finite").first_step == 0
    assert "the recurrence enlarges" in run.finding("poor_initialization").explanation


def test_units_that_are_dead_from_the_start_are_told_as_dead() -> None:
    run = judged(
        {
            "model": {"kind": "elman", "hidden_size": 24, "activation": "relu"},
            "init": {"input": {"kind": "zeros"}},
            "dataset": adding(20),
        },
        num_steps=200,
    )

    finding = run.finding("dead_units")
    assert (finding.state, finding.severity) == (FindingState.ACTIVE, Severity.CRITICAL)
    assert (finding.first_step, finding.evidence["dead_fraction"]) == (0, 1.0)
    assert {"poor_initialization"} <= run.codes
    assert "vanishing_gradient" not in run.codes
    assert finding.cause is None or finding.cause.code != "contractive_recurrence"


def _with_radius(radius: float) -> Judged:
    return judged(
        {
            "model": {"kind": "elman", "hidden_size": 32},
            "init": {"recurrent": {"kind": "spectral_radius", "radius": radius}},
            "dataset": adding(20),
        },
        num_steps=300,
    )


def test_a_chaotic_recurrence_explodes_though_clipping_hides_every_spike() -> None:
    run = _with_radius(4)

    finding = run.finding("exploding_gradient")
    assert (finding.state, finding.severity) == (FindingState.ACTIVE, Severity.CRITICAL)
    assert finding.evidence["lyapunov_exponent_nats_per_timestep"] > 0.15  # type: ignore[operator]
    assert run.finding("clipping_masks_explosion").severity is Severity.CRITICAL


def test_a_recurrence_at_the_edge_does_not_explode() -> None:
    assert "exploding_gradient" not in _with_radius(1).codes


def _both_ways(model: str, init: dict[str, JsonValue]) -> Judged:
    run = judged(
        {
            "model": {"kind": model, "hidden_size": 16, "bidirectional": True},
            "init": init,
            "dataset": adding(40),
        },
        num_steps=200,
    )
    ratios = [one.ratio_at_required_lag for one in run.case.profiles]
    # the backward direction reads the longest lag last
    assert all(ratio is not None and ratio.value > 0.1 for ratio in ratios)
    return run


def test_a_bidirectional_network_is_judged_at_the_weakest_lag() -> None:
    run = _both_ways("elman", {"recurrent": {"kind": "spectral_radius", "radius": 0.3}})

    finding = run.finding("vanishing_gradient")
    assert (finding.state, finding.severity) == (FindingState.ACTIVE, Severity.CRITICAL)
    assert 19 < finding.evidence["judged_lag_timesteps"] < 39  # type: ignore[operator]


def test_a_bidirectional_network_that_reaches_all_lags_is_not_called_vanishing() -> None:
    assert "vanishing_gradient" not in _both_ways("lstm", {"forget_bias": 5.0}).codes
