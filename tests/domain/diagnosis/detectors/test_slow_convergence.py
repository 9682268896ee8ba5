"""A score that improves, but too slowly."""

import numpy as np
import pytest

from app.domain.diagnosis.detectors.slow_convergence import SlowThresholds, detect
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from tests.domain.builders import case
from tests.domain.diagnosis.learning import learning

LIMITS = SlowThresholds()
#: A level of 0.2 at the end of 1000 steps.
SLOW = np.linspace(1.0, 0.8, 21)


def test_a_run_that_improves_too_slowly_is_critical_at_its_end() -> None:
    finding = detect(learning(SLOW, SLOW), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert finding.first_step == 700
    assert finding.evidence["level_gained"] == pytest.approx(0.06)
    assert finding.evidence["steps_to_expected_level"] == pytest.approx(2300)


def test_before_the_end_it_warns_of_a_run_that_will_not_arrive() -> None:
    finding = detect(learning(SLOW[:14], SLOW[:14], stop_reason=None), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.WARNING
    assert finding.evidence["steps_left"] == 350


def test_a_run_that_will_arrive_in_time_is_well() -> None:
    quick = np.linspace(1.0, 0.0, 21)[:13]

    assert detect(learning(quick, quick, stop_reason=None), LIMITS) is None


def test_a_score_that_is_flat_or_noisy_is_another_matter() -> None:
    noise = 0.9 + 0.05 * np.random.default_rng(0).normal(size=21)

    assert detect(learning([0.9] * 21, [0.9] * 21), LIMITS) is None
    assert detect(learning(noise, noise), LIMITS) is None


def test_a_run_that_has_learned_is_well() -> None:
    assert detect(learning(np.linspace(0.3, 0.1, 21), np.linspace(0.3, 0.1, 21)), LIMITS) is None


def test_without_a_score_it_is_not_assessed() -> None:
    assert isinstance(detect(case(), LIMITS), NotAssessed)
