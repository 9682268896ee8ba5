"""Answers of one class only."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.class_collapse import CollapseThresholds, detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from tests.domain.builders import case, probe_readings, scores, task, telemetry

LIMITS = CollapseThresholds()
CONSTANT = [0.6, 1.0, 1.0, 1.0, 1.0]
NEVER = [0.0] * 5


def _run(
    predicted: Sequence[float], recall: Sequence[float] = NEVER, *, target: float = 0.95
) -> Case:
    seen = telemetry(
        readings=(
            *probe_readings("predicted_class_share", predicted),
            *probe_readings("target_class_share", [target] * len(predicted)),
            *probe_readings("least_recall", recall),
            *scores({999: 0.166}),
        )
    )
    return case(facts=task(output_size=2), seen=seen)


def test_one_answer_to_all_is_found() -> None:
    finding = detect(_run(CONSTANT), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.first_step == 100
    assert "which 95 % of the targets are" in finding.explanation


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run([0.9] * 5, [0.8] * 5, target=0.9), id="rare classes that are found"),
        pytest.param(_run(CONSTANT, target=0.5), id="chance among balanced classes"),
        pytest.param(_run([1.0, 1.0, 1.0, 0.9, 0.9]), id="past"),
        pytest.param(
            case(seen=telemetry(readings=probe_readings("prediction_spread", [1.0]))), id="numbers"
        ),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


def test_an_unknown_number_of_classes_is_no_imbalance() -> None:
    assert detect(replace(_run(CONSTANT), task=None), LIMITS) is None


def test_few_probes_are_not_assessed() -> None:
    assert isinstance(detect(_run(CONSTANT[:2]), LIMITS), NotAssessed)
    assert isinstance(detect(case(), LIMITS), NotAssessed)
