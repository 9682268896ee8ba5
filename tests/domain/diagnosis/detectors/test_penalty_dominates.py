"""Penalties that outweigh the data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.penalty_dominates import PenaltyThresholds, detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from tests.domain.builders import case, job, probe_readings, scores, telemetry

LIMITS = PenaltyThresholds()
L2: Mapping[str, JsonValue] = {"regularization": {"l2": 0.01}}
DECAY: Mapping[str, JsonValue] = {"optimizer": {"kind": "adamw", "weight_decay": 50.0}}
WON = [20.0, 5.0, 1.0, 0.05, 0.01]
BALANCED = [0.3, 0.9, 1.0, 1.0, 1.0]
SMALL = [0.01, 0.02, 0.01, 0.03, 0.02]


def _run(
    shares: Sequence[float],
    *,
    patch: Mapping[str, JsonValue] = L2,
    kind: str = "penalty",
    cosine: float = 0.0,
    shrinkage: float = 0.01,
    train: float = 0.16,
) -> Case:
    seen = telemetry(
        weight_norm=np.geomspace(10, 10 * shrinkage, 1000),
        readings=(
            *probe_readings("best_step_factor", [1.0] * len(shares)),
            *probe_readings(f"{kind}_share", shares),
            *probe_readings(f"{kind}_cosine", [cosine] * len(shares)),
            *scores({999: train}, split="train"),
            *scores({999: 0.166}),
        ),
    )
    return case(spec=job(**patch), seen=seen)


def test_a_penalty_that_has_won_is_found_by_what_it_did() -> None:
    finding = detect(_run(WON), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.first_step == 0
    assert finding.evidence["penalty_share_median"] == 5
    assert "The norm of all is 0.01 times that at the start." in finding.explanation


def test_a_decay_that_balances_the_data_is_found() -> None:
    judged = _run(BALANCED, patch=DECAY, kind="decay", cosine=-0.99, shrinkage=0.8)

    finding = detect(judged, LIMITS)

    assert isinstance(finding, Finding)
    assert finding.first_step == 100
    assert "a cosine of -0.99" in finding.explanation


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run(BALANCED, cosine=-0.99, train=0.001), id="an optimum that is learned"),
        pytest.param(_run(BALANCED, shrinkage=0.8), id="no opposition"),
        pytest.param(_run(SMALL), id="weights that something else shrank"),
        pytest.param(_run([0.9, 0.9, 0.1, 0.1], cosine=-1.0, shrinkage=0.8), id="past"),
        pytest.param(_run(WON, patch={}), id="no penalty"),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


def test_weights_that_were_not_recorded_leave_the_balance_as_evidence() -> None:
    judged = _run(BALANCED, cosine=-0.99)

    finding = detect(replace(judged, telemetry=replace(judged.telemetry, tensors={})), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["most_shrunk_tensor"] is None


def test_few_probes_are_not_assessed() -> None:
    assert isinstance(detect(_run(WON[:1]), LIMITS), NotAssessed)
