"""The rules that span several fields of a job spec, and what a client is told of them."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.specs.job import CROSS_FIELD_CODES
from tests.domain.builders import job

CHRONO = {"init": {"bias": {"kind": "chrono"}}}
CRITICAL = {"init": {"recurrent": {"kind": "critical"}}}


def paced(every: int) -> dict[str, Any]:
    """Probes every 100 steps, one of whose quantities has a cadence of its own."""
    quantities = ["sigma_max", {"name": "gate_mean", "every": every}]
    return {"probes": {"every": 100, "quantities": quantities}}


@pytest.mark.parametrize(
    ("patch", "code", "pointer", "message"),
    [
        (
            {"init": {"forget_bias": 1}},
            "forget_bias_needs_lstm",
            "/init/forget_bias",
            "init.forget_bias is only for lstm; this model is elman",
        ),
        (
            CHRONO,
            "chrono_needs_gates",
            "/init/bias/kind",
            "init.bias chrono is only for gru and lstm; this model is elman",
        ),
        (
            {"model": {"kind": "gru"}, **CRITICAL},
            "critical_needs_elman",
            "/init/recurrent/kind",
            "init.recurrent critical is only for elman; this model is gru",
        ),
        (
            {"dataset": {"dependency_lag": 200}},
            "lag_longer_than_sequence",
            "/dataset/dependency_lag",
            "dataset.dependency_lag must be at most length - 1 = 199, not 200",
        ),
        (
            {"dataset": {"dependency_lag": {"min": 1, "max": 205}}},
            "lag_longer_than_sequence",
            "/dataset/dependency_lag",
            "dataset.dependency_lag must be at most length - 1 = 199, not 205",
        ),
        (
            {"training": {"bptt_length": 201}},
            "bptt_longer_than_sequence",
            "/training/bptt_length",
            "training.bptt_length must be at most the sequence length 200, not 201",
        ),
        (
            paced(99),
            "cadence_finer_than_probes",
            "/probes/quantities/1/every",
            "gate_mean cannot be measured every 99 steps: probes.every is 100",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_that_is_broken_has_a_code_a_place_and_the_numbers(
    patch: dict[str, Any], code: str, pointer: str, message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        job(**patch)

    (error,) = refused.value.errors()
    assert code in CROSS_FIELD_CODES
    assert (error["type"], error["ctx"]["pointer"], error["msg"]) == (code, pointer, message)


@pytest.mark.parametrize(
    "patch",
    [
        {"model": {"kind": "lstm"}, "init": {"forget_bias": 1}},
        {"model": {"kind": "gru"}, **CHRONO},
        {"model": {"kind": "lstm"}, **CHRONO},
        CRITICAL,
        {"dataset": {"dependency_lag": 199}},
        {"dataset": {"dependency_lag": {"min": 199, "max": 199}}},
        {"training": {"bptt_length": 200}},
        paced(100),
        paced(101),
    ],
    ids=str,
)
def test_a_rule_that_is_just_kept_lets_the_spec_pass(patch: dict[str, Any]) -> None:
    assert job(**patch)


@pytest.mark.parametrize(
    "patch",
    [
        {"optimizer": {"learning_rate": float("nan")}},
        {"optimizer": {"weight_decay": float("inf")}},
        {"model": {"dropout": float("-inf")}},
        {"probes": {"budget": float("nan")}},
        {"model": {"kind": "lstm"}, "init": {"forget_bias": float("inf")}},
    ],
    ids=str,
)
def test_a_number_that_is_not_finite_is_told_so(patch: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        job(**patch)

    assert [error["type"] for error in refused.value.errors()] == ["finite_number"]
