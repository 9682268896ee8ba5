"""The numbers of a run that the evidence of a cause holds."""

import math
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.data_facts import ColumnShift, LongerContext, RangeShift
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causes import CAUSES
from app.domain.scopes import Split
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import patched
from app.domain.task import Reference
from tests.domain.builders import LENGTH, case, job, profile, reading, scores, task, telemetry

CARDS = {card.code: card for card in CAUSES}


def evidence(code: str, given: Case) -> dict[str, JsonValue]:
    return dict(CARDS[code].measure(given))


@pytest.mark.parametrize("code", list(CARDS))
def test_what_was_not_measured_is_left_out(code: str) -> None:
    empty = telemetry(num_steps=0, weight_norm=None)

    found = evidence(code, replace(case(seen=empty), task=None))

    assert None not in found.values()
    assert set(found) <= {
        "learning_rate",
        "num_steps",
        "hidden_size",
        "dropout",
    }


def test_a_learning_rate_shows_what_its_updates_do() -> None:
    readings = [
        reading("best_step_factor", "model", value, step=step)
        for step, value in enumerate([0.1, 0.1, 0.3])
    ]
    seen = telemetry(
        num_steps=2,
        update_ratio=0.2,
        readings=[*readings, reading("step_gain", "model", -0.5)],
    )
    growing = replace(seen, tensors={"weight_norm": np.array([[3.0, 4.0], [30.0, 40.0]])})

    found = evidence(
        "learning_rate_too_high", case(spec=job(optimizer={"learning_rate": 1.0}), seen=growing)
    )

    assert found == {
        "learning_rate": 1.0,
        "best_step_factor": 0.1,
        "step_gain": -0.5,
        "update_ratio": pytest.approx(0.2),
        "weight_growth": pytest.approx(10.0),
    }


def test_weights_that_are_not_finite_do_not_count() -> None:
    seen = telemetry(num_steps=3)
    broken = replace(seen, tensors={"weight_norm": np.array([[2.0], [6.0], [math.nan]])})
    none = replace(seen, tensors={"weight_norm": np.array([[math.nan]])})

    assert evidence("learning_rate_too_high", case(seen=broken))["weight_growth"] == 3.0
    assert "weight_growth" not in evidence("learning_rate_too_high", case(seen=none))


def test_clipping_shows_how_often_and_how_much() -> None:
    seen = telemetry(
        num_steps=4,
        clip_coefficient=[1.0, 0.01, 0.01, 0.01],
        grad_norm=2.0,
        readings=[reading("second_moment_over_eps", "model", 3.0)],
    )

    assert evidence("clip_threshold_too_low", case(seen=seen)) == {
        "clipped_fraction": 0.75,
        "clip_coefficient": pytest.approx(0.01),
        "grad_norm": 2.0,
        "second_moment_over_eps": 3.0,
    }


def test_a_penalty_shows_its_share_and_its_direction() -> None:
    readings = [
        reading("penalty_share", "model", 5.0, step=0),
        reading("penalty_share", "model", 1.1, step=900),
        reading("penalty_cosine", "model", -0.99, step=900),
        reading("decay_share", "model", math.nan, step=900),
    ]

    found = evidence("penalty_dominates", case(seen=telemetry(readings=readings)))

    assert found == {"penalty_share": 1.1, "penalty_cosine": -0.99, "weight_growth": 1.0}


def test_a_short_memory_shows_lag_ratio_and_matrices() -> None:
    readings = [
        reading("spectral_radius", "layer:0", 0.9, step=0),
        reading("spectral_radius", "layer:0", 0.7, step=900),
        reading("spectral_radius", "layer:1", 0.8, step=900),
    ]
    seen = telemetry(
        readings=readings,
        profiles=[
            profile(800, ratio=1e-9),
            replace(profile(900, ratio=None), decay_rate=None),
        ],
    )

    assert evidence("contractive_recurrence", case(seen=seen)) == {
        "spectral_radius": 0.8,
        "decay_rate_nats_per_timestep": -0.2,
        "required_lag_timesteps": LENGTH - 1,
        "gradient_ratio_at_required_lag": 1e-9,
    }


def test_a_rate_of_decay_that_is_not_finite_is_left_out() -> None:
    seen = telemetry(profiles=[profile(0, decay_rate=math.nan, ratio=math.inf)])

    found = evidence("contractive_recurrence", case(seen=seen))

    assert found == {"required_lag_timesteps": LENGTH - 1}


@pytest.mark.parametrize(("cell", "gate"), [("lstm", "forget"), ("gru", "update")])
def test_gates_show_the_layer_that_keeps_most(cell: str, gate: str) -> None:
    readings = [
        reading("keeping_units", "layer:0", 0.0),
        reading("gate_mean", f"gate:0/{gate}", 0.3),
        reading("gate_mean", f"gate:1/{gate}", 0.5),
        reading("gate_mean", "gate:0/reset", 0.9),
    ]

    found = evidence(
        "closed_gates", case(spec=job(model={"kind": cell}), seen=telemetry(readings=readings))
    )

    assert (found["keeping_units"], found["keeping_gate_mean"]) == (0.0, 0.5)


def test_an_expansion_shows_how_the_gradient_rises() -> None:
    seen = telemetry(
        profiles=[profile(0, log_rise=10 * math.log(10))],
        readings=[reading("lyapunov_1", "layer:0", 0.3)],
    )

    assert evidence("expansive_recurrence", case(seen=seen)) == {
        "log10_gradient_ratio_at_longest_lag": pytest.approx(10.0),
        "lyapunov_1": 0.3,
    }


def test_a_gradient_without_a_finite_start_does_not_rise() -> None:
    broken = replace(profile(0, log_rise=5.0), log_norm_T=np.array([np.nan, 150.0]))
    broken = replace(broken, num_anchors_T=np.array([8, 8], dtype=np.int32))
    vanished = replace(profile(1), log_norm_T=np.full(LENGTH, -np.inf))
    vanished.log_norm_T[0] = 0.0

    assert evidence("expansive_recurrence", case(seen=telemetry(profiles=[broken]))) == {}
    assert evidence("expansive_recurrence", case(seen=telemetry(profiles=[vanished]))) == {}


def test_scores_are_relative_to_the_baseline() -> None:
    known = Reference(name="lags", source="", metrics={"validation": {"mse": 0.4}})
    facts = task(floor=1.0, attainable=None).model_copy(update={"reference": known})
    readings = [
        *scores({100: 0.6, 200: 1.5, 300: 1.6, 400: 1.7}),
        *scores({400: 0.1}, split="train"),
    ]
    given = case(facts=facts, seen=telemetry(readings=readings))

    assert evidence("overfitting", given) == {
        "training_gain": pytest.approx(0.9),
        "validation_gain": pytest.approx(-0.6),
        "best_validation_gain": pytest.approx(0.4),
    }
    assert evidence("too_few_data", given)["reference_gain"] == pytest.approx(0.6)


def test_a_reference_without_a_score_has_no_gain() -> None:
    unscored = Reference(name="lags", source="", metrics={})
    facts = task(floor=1.0, attainable=None).model_copy(update={"reference": unscored})

    assert "reference_gain" not in evidence("no_signal", case(facts=facts))


def test_data_show_how_far_they_move_and_how_much_context_they_need() -> None:
    column = ColumnShift(column="y", outside_share=0.4, outside_distance=1.0, level_move=2.0)
    context = LongerContext(shown=10, enough=20, tried=40, gain=0.5, chance=0.05)
    facts = task(
        shift={"validation": RangeShift(target=column), "test": RangeShift(target=None)},
        longer_context=context,
    )

    assert evidence("distribution_shift", case(facts=facts)) == {"outside_share": 0.4}
    assert evidence("window_too_short", case(facts=facts)) == {
        "sequence_length_timesteps": LENGTH,
        "enough_timesteps": 20,
        "context_gain_nats": 0.5,
    }


@pytest.mark.parametrize("shift", [None, {}, {"validation": RangeShift(target=None)}])
def test_a_shift_that_was_not_measured_is_left_out(shift: Mapping[Split, RangeShift]) -> None:
    assert evidence("distribution_shift", case(facts=task(shift=shift))) == {}


def test_a_job_shows_its_own_numbers() -> None:
    spec = job(model={"num_layers": 2, "dropout": 0.9, "hidden_size": 4})

    assert evidence("dropout_too_high", case(spec=spec)) == {"dropout": 0.9}
    assert evidence("capacity_too_small", case(spec=spec)) == {"hidden_size": 4}


#: Jobs in which every cause is possible whose test is a change of the job.
JOBS: tuple[JsonValue, ...] = (
    {"kind": "adding", "length": 50},
    {"kind": "forecast", "dataset_id": str(UUID(int=1)), "target": "y", "loss": "mse"},
    {
        "kind": "forecast",
        "dataset_id": str(UUID(int=1)),
        "target": "y",
        "window": 20_000,
        "loss": "mae",
        "scaling": "per_window",
    },
    {
        "kind": "sequences",
        "dataset_id": str(UUID(int=1)),
        "sequence_column": "s",
        "features": ["x"],
        "label": "y",
        "max_length": 30,
    },
)
MODELS: tuple[JsonValue, ...] = (
    {"kind": "elman", "hidden_size": 1},
    {"kind": "elman", "activation": "relu", "hidden_size": 8192},
    {"kind": "gru", "num_layers": 2, "dropout": 0.5},
    {"kind": "lstm", "num_layers": 2, "dropout": 0.5, "bidirectional": True},
)
OTHERS: tuple[dict[str, JsonValue], ...] = (
    {"training": {"bptt_length": 10, "seed": 2**31 - 1}, "optimizer": {"learning_rate": 1e-13}},
    {
        "init": {"recurrent": {"kind": "orthogonal", "gain": 3.0}},
        "optimizer": {"learning_rate": 100.0, "weight_decay": 50.0},
        "regularization": {"l1": 0.1, "l2": 0.1},
    },
)


@pytest.mark.parametrize("dataset", JOBS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("others", OTHERS)
def test_an_experiment_is_a_valid_job_that_differs(
    dataset: JsonValue, model: JsonValue, others: dict[str, JsonValue]
) -> None:
    spec = JobSpec.model_validate({"dataset": dataset, "model": model, **others})
    seen = telemetry(clip_coefficient=0.5)

    for card in CAUSES:
        given = case(spec=spec, seen=seen)
        draft = card.experiment(given) if card.is_possible(given) else None
        if draft is not None:
            assert patched(spec, draft.patch) != spec
            assert draft.reason.startswith("If ")


def test_gates_that_start_open_need_no_test() -> None:
    spec = job(model={"kind": "lstm"}, init={"bias": {"kind": "chrono"}})

    assert CARDS["closed_gates"].experiment(case(spec=spec)) is None
