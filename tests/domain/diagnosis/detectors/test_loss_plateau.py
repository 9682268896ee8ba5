"""A score that stays far from what the task allows."""

import numpy as np
import pytest

from app.domain.diagnosis.detectors.loss_plateau import PlateauThresholds, detect
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from app.domain.scopes import Scope
from app.domain.task import Reference
from tests.domain.builders import case, task
from tests.domain.diagnosis.learning import learning

LIMITS = PlateauThresholds()
#: Falls to 0.7 within 300 steps, and stays.
STUCK = [1.2, 1.0, 0.9, 0.8, 0.75, 0.7, *([0.7, 0.69, 0.7, 0.71] * 4)[:15]]


def test_a_run_that_is_stuck_at_its_end_is_critical() -> None:
    finding = detect(learning(STUCK, STUCK), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert finding.scope == Scope.split("train")
    assert finding.first_step == 300


def test_half_way_through_it_is_a_warning() -> None:
    finding = detect(learning(STUCK[:14], STUCK[:14], stop_reason=None), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.WARNING


def test_a_run_that_improves_steadily_is_not_stuck() -> None:
    assert detect(learning(np.linspace(1.0, 0.8, 21), np.linspace(1.0, 0.8, 21)), LIMITS) is None


def test_a_level_that_is_nearly_reached_is_enough() -> None:
    assert detect(learning([1.0] * 5 + [0.35] * 16, [1.0] * 5 + [0.35] * 16), LIMITS) is None
    assert isinstance(detect(learning([0.36] * 21, [0.36] * 21), LIMITS), Finding)


def test_training_that_fell_back_is_not_stuck() -> None:
    lost = [*np.linspace(1.2, 0.2, 11), *[0.9] * 10]

    assert detect(learning(lost, lost), LIMITS) is None
    assert isinstance(detect(learning(validation=lost), LIMITS), Finding)


def test_training_that_goes_well_is_not_stuck_where_validation_is() -> None:
    assert detect(learning([0.1] * 21, [0.9] * 21), LIMITS) is None


def test_validation_decides_where_training_is_not_scored() -> None:
    finding = detect(learning(validation=STUCK), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.scope == Scope.split("validation")


def test_nothing_is_missed_where_no_reference_model_is_better_than_the_baseline() -> None:
    known = Reference.model_validate(
        {"name": "lags", "source": "", "metrics": {"validation": {"mse": 1.0}}}
    )
    facts = task(attainable=None, floor=1.0, reference=known)

    assert detect(learning(STUCK, [1.0] * 21, facts=facts), LIMITS) is None


def test_scores_that_are_not_finite_do_not_improve() -> None:
    scores = [1.0] * 5 + [float("nan")] * 16

    assert isinstance(detect(learning(scores, scores), LIMITS), Finding)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (case(), "there is no score"),
        (learning([0.9] * 21, [0.9] * 21, facts=task(attainable=None, floor=1.0)), "is unknown"),
        (learning([0.9] * 5, [0.9] * 5, stop_reason=None), "too early"),
        (learning([0.9] * 3, [0.9] * 3, every=500), "too few evaluations"),
    ],
)
def test_it_is_not_assessed_where_something_is_missing(given: object, reason: str) -> None:
    found = detect(given, LIMITS)  # type: ignore[arg-type] # a case

    assert isinstance(found, NotAssessed)
    assert reason in found.reason
