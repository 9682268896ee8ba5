"""A training loss that rose and stays high."""

import numpy as np
import pytest

from app.domain.diagnosis.detectors.diverging_loss import DivergingThresholds, detect
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from app.domain.telemetry import DoubleArray
from tests.domain.builders import case, telemetry
from tests.domain.diagnosis.learning import learning

LIMITS = DivergingThresholds()
FALL = np.linspace(1.0, 0.1, 700)
FLOOR = [1.0] * 21
LEARNED = [0.1] * 21


def _loss(*parts: DoubleArray) -> DoubleArray:
    return np.concatenate(parts)


def test_a_loss_that_fell_and_came_back_is_critical_where_the_task_is_lost() -> None:
    finding = detect(learning(FLOOR, FLOOR, loss=_loss(FALL, np.full(300, 0.9))), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert finding.first_step == pytest.approx(700, abs=25)
    assert finding.evidence["lowest_median_loss"] == pytest.approx(0.11, abs=0.02)


def test_a_loss_above_its_first_value_has_risen() -> None:
    finding = detect(learning(FLOOR, FLOOR, loss=_loss(np.ones(30), np.full(970, 1.5))), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["first_loss"] == 1.0


def test_it_does_no_harm_where_the_task_is_learned_all_the_same() -> None:
    finding = detect(learning(LEARNED, LEARNED, loss=_loss(FALL, np.full(300, 0.9))), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)


def test_a_loss_that_overflows_late_has_risen() -> None:
    finding = detect(case(seen=telemetry(loss=_loss(FALL, np.full(300, np.nan)))), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.WARNING
    assert finding.evidence["latest_median_loss"] is None


def test_a_training_score_that_fell_back_has_diverged_whatever_the_first_loss_was() -> None:
    lost = [*np.linspace(1.2, 0.2, 11), *[0.9] * 10]

    finding = detect(learning(lost, lost, loss=_loss(np.full(1, 9.0), np.full(999, 0.2))), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.evidence["best_step"], finding.first_step) == (500, 600)


@pytest.mark.parametrize(
    "scores",
    [[1.0] * 21, [*np.linspace(1.0, 0.2, 11), *[0.5] * 10], [*np.linspace(1.0, 0.2, 19), 1.0, 1.0]],
    ids=["never learned", "lost a little", "just now"],
)
def test_other_training_scores_have_not_fallen_back(scores: list[float]) -> None:
    assert detect(learning(scores, scores), LIMITS) is None


def test_without_training_scores_the_loss_alone_decides() -> None:
    assert detect(learning(validation=[*np.linspace(1.2, 0.2, 11), *[0.9] * 10]), LIMITS) is None


@pytest.mark.parametrize(
    "loss",
    [
        FALL,
        _loss(FALL, np.full(300, 0.4)),
        _loss(FALL, np.full(10, 5.0), np.full(290, 0.1)),
        1.0 + 0.1 * np.random.default_rng(0).normal(size=1000),
        _loss(np.linspace(1.0, 0.9, 500), np.full(500, 1.1)),
    ],
    ids=["falls", "rises a little", "spike", "noise", "never fell"],
)
def test_other_losses_have_not_risen(loss: DoubleArray) -> None:
    assert detect(case(seen=telemetry(num_steps=loss.size, loss=loss)), LIMITS) is None


def test_it_is_not_assessed_by_a_few_steps_or_without_a_first_loss() -> None:
    few = telemetry(num_steps=10)
    none = telemetry(loss=_loss(np.full(1, np.nan), np.full(999, 0.1)))

    assert isinstance(detect(case(seen=few), LIMITS), NotAssessed)
    assert isinstance(detect(case(seen=none), LIMITS), NotAssessed)
