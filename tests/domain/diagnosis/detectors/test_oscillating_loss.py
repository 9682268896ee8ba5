"""A score that swings up and down."""

import numpy as np
import pytest

from app.domain.diagnosis.detectors.oscillating_loss import OscillatingThresholds, detect
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from app.domain.scopes import Scope
from tests.domain.builders import case, task
from tests.domain.diagnosis.learning import learning

LIMITS = OscillatingThresholds()
SWINGS = [0.9, 1.3] * 10
CALM = [0.9] * 20


def test_a_score_that_swings_is_critical_where_the_task_is_not_learned() -> None:
    finding = detect(learning(SWINGS, CALM), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert finding.evidence["median_level_swing"] == pytest.approx(0.4)
    assert finding.evidence["alternating_share"] == 1.0
    assert (finding.evidence["smallest_score"], finding.evidence["largest_score"]) == (0.9, 1.3)
    assert finding.first_step == 650


def test_it_does_no_harm_where_the_task_is_learned() -> None:
    finding = detect(learning(SWINGS, [0.1] * 20), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.INFO


def test_without_training_scores_validation_is_judged() -> None:
    finding = detect(learning(validation=SWINGS), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.scope == Scope.split("validation")


def test_swings_that_are_small_beside_the_baseline_are_none_however_little_can_be_gained() -> None:
    facts = task(floor=1.0, attainable=0.95)

    assert detect(learning([0.99, 1.03] * 10, CALM, facts=facts), LIMITS) is None


def test_without_an_expected_score_swings_are_relative_to_the_baseline() -> None:
    finding = detect(learning(SWINGS, CALM, facts=task(floor=1.0, attainable=None)), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["median_gain_swing"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    "train",
    [CALM, [0.9, 1.0] * 10, np.linspace(8.0, 1.0, 20)],
    ids=["calm", "small swings", "steady fall"],
)
def test_other_scores_do_not_swing(train: list[float]) -> None:
    assert detect(learning(train, CALM), LIMITS) is None


@pytest.mark.parametrize("given", [case(), learning([0.9, 1.3], CALM[:2]), learning([0.9], [0.9])])
def test_it_is_not_assessed_by_few_evaluations(given: object) -> None:
    assert isinstance(detect(given, LIMITS), NotAssessed)  # type: ignore[arg-type] # a case
