"""Runs that were really trained, each with one cause that must be the likeliest."""

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from tests.worker.diagnosis.trained import forecast, job_of, trained_case

ADDING: dict[str, JsonValue] = {"kind": "adding", "length": 20}
ORDER: dict[str, JsonValue] = {"kind": "temporal_order", "length": 10}
ELMAN: dict[str, JsonValue] = {"kind": "elman", "hidden_size": 24}
LSTM: dict[str, JsonValue] = {"kind": "lstm", "hidden_size": 16}
GRU: dict[str, JsonValue] = {"kind": "gru", "hidden_size": 16}
SGD: dict[str, JsonValue] = {"kind": "sgd", "momentum": 0.9, "learning_rate": 0.3}
DECAYING: dict[str, JsonValue] = {"kind": "adamw", "weight_decay": 50.0}
L2: dict[str, JsonValue] = {"l2": 0.5}
BIDIRECTIONAL: dict[str, JsonValue] = {**GRU, "bidirectional": True}


def adam(rate: float) -> JsonValue:
    return {"kind": "adam", "learning_rate": rate}


def start(radius: float) -> JsonValue:
    return {"recurrent": {"kind": "spectral_radius", "radius": radius}}


def likeliest(case: Case) -> str | None:
    """The likeliest cause, also where the diagnosis names its family only."""
    causes = diagnose(case).causes
    return next(cause.likeliest for cause in causes if cause.likeliest is not None)


@pytest.mark.parametrize(
    ("model", "dataset", "patch", "cause"),
    [
        (LSTM, ADDING, {"optimizer": adam(1.0)}, "learning_rate_too_high"),
        (GRU, ADDING, {"optimizer": adam(1e-5)}, "learning_rate_too_low"),
        (
            BIDIRECTIONAL,
            ORDER,
            {
                "optimizer": SGD,
                "clipping": {"kind": "norm", "max_norm": 1e-4},
            },
            "clip_threshold_too_low",
        ),
        (
            BIDIRECTIONAL,
            ORDER,
            {"optimizer": DECAYING},
            "penalty_dominates",
        ),
        (
            LSTM,
            ORDER,
            {"regularization": {"l2": 0.5}, "optimizer": adam(0.01)},
            "penalty_dominates",
        ),
        (
            ELMAN,
            ADDING,
            {"init": start(4.0)},
            "expansive_recurrence",
        ),
        (ELMAN, ADDING, {"init": start(0.3)}, "contractive_recurrence"),
    ],
)
def test_the_cause_of_a_run_that_fails_is_likeliest(
    model: dict[str, JsonValue],
    dataset: dict[str, JsonValue],
    patch: dict[str, JsonValue],
    cause: str,
) -> None:
    case = trained_case(job_of(model, dataset, num_steps=200, **patch))

    assert likeliest(case) == cause


def test_a_cut_before_the_needed_lag_is_likeliest() -> None:
    spec = job_of(ELMAN, ADDING, num_steps=300)
    cut = spec.model_copy(update={"training": spec.training.model_copy(update={"bptt_length": 3})})

    assert likeliest(trained_case(cut)) == "truncated_backpropagation"


def test_one_value_that_holds_most_of_the_loss_is_likeliest() -> None:
    series = np.zeros(400)
    series[151] = 87423.5
    spec = job_of(LSTM, forecast(window=12, horizon=6), num_steps=160)

    assert likeliest(trained_case(spec, series=series)) == "outliers_dominate"


def test_numbers_that_overflow_before_the_first_update_are_no_matter_of_its_length() -> None:
    spec = job_of(
        {"kind": "elman", "activation": "relu"},
        {"kind": "adding", "length": 400},
        num_steps=20,
        init={"recurrent": {"kind": "xavier_normal", "gain": 2.5}},
    )

    diagnosis = diagnose(trained_case(spec))

    assert diagnosis.causes[0].likeliest == "expansive_recurrence"
    assert {finding.code for finding in diagnosis.findings} == {"non_finite"}
    kinds = {remedy.kind for finding in diagnosis.findings for remedy in finding.remedies}
    assert not {kind for kind in kinds if "learning_rate" in kind or "bptt" in kind}
