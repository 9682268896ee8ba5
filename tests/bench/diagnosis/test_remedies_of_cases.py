"""The first remedies of trained runs with one known fault are the ones that undo it."""

import json
from dataclasses import replace

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.prescribe import prescribe
from app.domain.diagnosis.remedy import Remedy
from app.domain.diagnosis.run_numbers import numbers_of
from app.domain.specs.job import JobSpec
from tests.bench.diagnosis.trained import DATASET_ID, first_sign, rows, trained_case

Part = dict[str, JsonValue]
ADDING: Part = {"kind": "adding", "length": 20}


def run(model: Part, dataset: Part, *, csv: str | None = None, **parts: JsonValue) -> Case:
    spec = {"model": model, "dataset": dataset, **parts}
    return trained_case(json.dumps(spec), csv=csv)


def forecast(**options: JsonValue) -> Part:
    return {"kind": "forecast", "dataset_id": DATASET_ID, "target": "value", **options}


def remedies(case: Case) -> tuple[Remedy, ...]:
    """Those of the first finding that has any."""
    found = [finding.remedies for finding in diagnose(case).findings if finding.remedies]
    return found[0] if found else ()


def first_body(case: Case) -> JobSpec:
    return JobSpec.model_validate(dict(remedies(case)[0].body))


def bodies(case: Case) -> list[JobSpec]:
    """Of the first three remedies."""
    return [JobSpec.model_validate(dict(one.body)) for one in remedies(case)[:3]]


def test_a_rate_of_one_is_lowered_by_the_first_remedy() -> None:
    lstm: Part = {"kind": "lstm", "hidden_size": 16}

    case = run(lstm, ADDING, optimizer={"learning_rate": 1.0}, training={"num_steps": 300})

    assert first_body(case).optimizer.learning_rate <= 0.03


def test_a_cut_before_the_first_value_is_undone_by_the_first_remedy() -> None:
    dataset: Part = {
        "kind": "sequences",
        "dataset_id": DATASET_ID,
        "sequence_column": "sequence",
        "features": ["value"],
        "label": "label",
        "dependency_lag": 99,
    }
    training: Part = {"num_steps": 400, "bptt_length": 30}

    case = run(
        {"kind": "lstm", "hidden_size": 32},
        dataset,
        csv=first_sign(sequences=500, length=100),
        training=training,
    )

    assert first_body(case).training.bptt_length is None


def test_a_cut_of_an_elman_network_is_undone_by_the_first_remedy() -> None:
    training: Part = {"num_steps": 600, "bptt_length": 3}

    case = run({"kind": "elman", "hidden_size": 24}, ADDING, training=training)

    assert first_body(case).training.bptt_length is None


def test_a_level_that_moves_is_differenced_or_scaled_by_window() -> None:
    step = np.arange(1200)

    case = run(
        {"kind": "gru", "hidden_size": 16},
        forecast(window=50),
        csv=rows(np.sin(step / 8) + 0.01 * step),
        training={"num_steps": 300},
    )

    dataset = first_body(case).dataset
    assert dataset.transform or dataset.scaling == "per_window"  # type: ignore[union-attr] # a forecast


def test_a_decay_of_fifty_is_weakened_by_the_first_remedy() -> None:
    gru: Part = {"kind": "gru", "hidden_size": 24, "bidirectional": True}
    decay: Part = {"kind": "adamw", "weight_decay": 50.0}

    case = run(gru, ADDING, optimizer=decay, training={"num_steps": 600})

    assert first_body(case).optimizer.weight_decay <= 5.0


def test_a_penalty_that_outweighs_the_data_is_weakened_by_the_first_remedy() -> None:
    case = run(
        {"kind": "lstm", "hidden_size": 24},
        ADDING,
        regularization={"l2": 0.5},
        training={"num_steps": 400},
    )

    assert first_body(case).regularization.l2 <= 0.05


def test_a_first_forward_pass_that_overflows_is_not_blamed_on_updates() -> None:
    init: Part = {"recurrent": {"kind": "xavier_normal", "gain": 1.8}}
    elman: Part = {"kind": "elman", "hidden_size": 64, "activation": "relu"}

    case = run(elman, {"kind": "adding", "length": 300}, init=init, training={"num_steps": 50})

    assert not np.isfinite(case.scalar("loss")[0])
    assert remedies(case)
    for body in bodies(case):
        assert body.optimizer == case.spec.optimizer
        assert body.training.bptt_length == case.spec.training.bptt_length
        assert (body.model, body.init) != (case.spec.model, case.spec.init)


def test_a_tight_clip_is_loosened_to_the_usual_norm() -> None:
    case = run(
        {"kind": "gru", "hidden_size": 16},
        ADDING,
        optimizer={"kind": "sgd", "learning_rate": 0.3, "momentum": 0.9},
        clipping={"kind": "norm", "max_norm": 1e-4},
        training={"num_steps": 400},
    )

    clips = [one.clipping for one in bodies(case) if one.clipping != case.spec.clipping]
    usual = float(np.median(case.scalar("grad_norm")))
    assert clips
    assert 0.5 * usual <= clips[0].max_norm <= 2 * usual  # type: ignore[union-attr] # clips the norm


def test_a_thousandth_of_the_right_rate_is_raised_thirtyfold() -> None:
    case = run(
        {"kind": "gru", "hidden_size": 32},
        ADDING,
        optimizer={"learning_rate": 1e-5},
        training={"num_steps": 400},
    )

    assert first_body(case).optimizer.learning_rate >= 30 * 1e-5


def test_a_window_of_half_a_season_is_lengthened() -> None:
    # a peak every 20 rows: after 10 rows without one, nobody can tell when the next one comes
    values = np.tile([1.0, *[0.0] * 19], 60) + 0.02 * np.random.default_rng(0).normal(size=1200)

    case = run(
        {"kind": "gru", "hidden_size": 16},
        forecast(window=10),
        csv=rows(values),
        training={"num_steps": 20},
    )

    known = replace(numbers_of(case), cause="window_too_short")
    longer = JobSpec.model_validate(dict(prescribe(known, case.spec)[0].body))
    assert longer.dataset.window >= 20  # type: ignore[union-attr] # a forecast
