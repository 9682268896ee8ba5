"""Clipping that hides an explosion."""

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import Outcome
from app.domain.diagnosis.detectors.clipping_masks_explosion import ClippingThresholds, detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from app.domain.telemetry import ScalarReading
from tests.domain.builders import case, job, profile, reading, scores, telemetry

LIMITS = ClippingThresholds()


def _clipped_explosion(score: float | None) -> Case:
    readings = () if score is None else scores({999: score})
    return case(seen=telemetry(grad_norm=1e21, clip_coefficient=1e-21, readings=readings))


@pytest.mark.parametrize(
    ("score", "severity"),
    [(0.166, Severity.CRITICAL), (None, Severity.WARNING), (0.01, Severity.INFO)],
)
def test_its_severity_depends_on_whether_the_task_is_learned(
    score: float | None, severity: Severity
) -> None:
    finding = detect(_clipped_explosion(score), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is severity
    assert finding.evidence["clipped_fraction"] == 1.0


def test_gradients_clipped_to_nothing_are_counted() -> None:
    seen = telemetry(grad_norm=np.inf, clip_coefficient=0.0)

    finding = detect(case(seen=seen), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["excess_median"] is None


def test_occasional_clipping_is_healthy() -> None:
    coefficients = np.ones(1000)
    coefficients[::10] = 0.3

    assert detect(case(seen=telemetry(clip_coefficient=coefficients)), LIMITS) is None


def test_a_small_max_norm_on_small_gradients_hides_nothing() -> None:
    seen = telemetry(grad_norm=0.3, clip_coefficient=0.003, readings=scores({999: 0.166}))

    assert detect(case(seen=seen), LIMITS) is None


def test_without_clipping_there_is_nothing_to_hide_it() -> None:
    assert detect(case(spec=job(clipping={"kind": "none"})), LIMITS) is None


def test_too_few_steps_are_not_assessed() -> None:
    assert isinstance(detect(case(seen=telemetry(num_steps=5)), LIMITS), NotAssessed)


def test_an_expansive_recurrence_is_hidden_by_clipping_without_any_spike() -> None:
    steps = range(0, 1000, 100)
    exponents = tuple(reading("lyapunov_1", "layer:0", 0.4, step=step) for step in steps)
    profiles = [profile(step, log_rise=8.0) for step in steps]

    def outcome(*readings: ScalarReading) -> Outcome:
        seen = telemetry(
            grad_norm=1000.0,
            clip_coefficient=0.001,
            profiles=profiles,
            readings=(*scores({999: 0.166}), *readings),
        )
        return detect(case(seen=seen), LIMITS)

    finding = outcome(*exponents)
    assert isinstance(finding, Finding)
    assert (finding.severity, finding.evidence["exploding_steps"]) == (Severity.CRITICAL, 0)
    assert outcome() is None
