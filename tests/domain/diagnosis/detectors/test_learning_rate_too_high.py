"""Steps that are too long, and what looks like them."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.learning_rate_too_high import RateTooHighThresholds, detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from tests.domain.builders import case, probe_readings, scores, telemetry

LIMITS = RateTooHighThresholds()
OVERSHOT = [0.2, 0.1, 0.3, 0.2, 0.4, 0.1, 0.2, 0.3]
NOISE = [-9.0, 0.3, -0.2, 0.4, -0.5, 0.1, -0.2, 0.3]
GOOD = [1.0, 3.0, 0.8, 1.2, 1.5, 0.9, 2.0, 1.0]


def _run(
    factors: Sequence[float],
    *,
    growth: float = 1.1,
    loss_at_end: float = 0.2,
    train: float | None = 0.16,
    validation: float | None = 0.166,
    gains: Sequence[float] = (),
    update_ratio: float = 1e-3,
) -> Case:
    """A run whose weights grow evenly, and whose loss changes after 100 steps."""
    loss = np.full(1000, loss_at_end)
    loss[:100] = 0.2
    known = {"train": train, "validation": validation}
    found = [
        one
        for split, score in known.items()
        if score is not None
        for one in scores({999: score}, split=split)
    ]
    seen = telemetry(
        loss=loss,
        weight_norm=np.linspace(10, 10 * growth, 1000),
        update_ratio=update_ratio,
        readings=(
            *probe_readings("best_step_factor", factors),
            *probe_readings("step_gain", gains),
            *found,
        ),
    )
    return case(seen=seen)


def test_long_steps_that_made_the_weights_grow_are_found() -> None:
    finding = detect(_run(OVERSHOT, growth=3), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.first_step == 200
    assert finding.evidence["weight_norm_over_start"] == pytest.approx(3)
    assert "20 % of the update" in finding.explanation


def test_long_steps_that_raised_the_loss_are_found() -> None:
    finding = detect(_run(OVERSHOT, growth=1.5, loss_at_end=1.0), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["loss_over_start"] == pytest.approx(5)


def test_a_loss_that_is_not_finite_has_no_size() -> None:
    finding = detect(_run(OVERSHOT, growth=3, loss_at_end=np.inf), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.explanation.endswith("The weights or the loss are not finite any more.")


def test_steps_that_follow_the_noise_of_small_batches_are_found() -> None:
    finding = detect(_run(GOOD, growth=1.4, gains=NOISE, update_ratio=1e-2), LIMITS)

    assert isinstance(finding, Finding)
    assert "by a median of 0.3 of it, up or down" in finding.explanation


def test_a_broken_network_is_found_although_no_probe_saw_the_long_step() -> None:
    finding = detect(_run(GOOD, growth=6, loss_at_end=0.3), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.first_step == 200
    assert "far from where they began" in finding.explanation


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run(OVERSHOT), id="near an optimum"),
        pytest.param(_run(GOOD, growth=3), id="weights that grow by learning"),
        pytest.param(_run(OVERSHOT, growth=0.9, loss_at_end=1.0), id="a penalty"),
        pytest.param(_run(GOOD, gains=NOISE), id="a loss that is rough from step 0 on"),
        pytest.param(_run(GOOD, growth=1.4, gains=[0.3] * 8, update_ratio=1e-2), id="learning"),
        pytest.param(_run(GOOD, loss_at_end=1.0), id="outliers"),
        pytest.param(_run([0.1, 3, 2, 3, 4, 0.1, 3, 3], growth=3), id="single probes"),
        pytest.param(_run(OVERSHOT, growth=3, train=0.001), id="overfitting"),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


def test_a_run_that_learned_all_the_same_has_information_only() -> None:
    finding = detect(_run(OVERSHOT, growth=3, train=None, validation=0.01), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.INFO


def test_an_update_to_infinity_is_damage() -> None:
    norms = np.full(1000, 10.0)
    norms[500:] = np.inf
    seen = telemetry(weight_norm=norms, readings=probe_readings("best_step_factor", OVERSHOT))

    finding = detect(case(seen=seen), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["weight_norm_over_start"] is None


def test_a_training_score_below_the_baseline_is_broken_too() -> None:
    """The first steps may have such a loss that the last ones are no worse."""
    finding = detect(_run((), growth=20, loss_at_end=0.19, train=0.24), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["best_step_factor_least_median"] is None


def test_few_probes_are_not_assessed_where_something_is_wrong() -> None:
    assert isinstance(detect(_run(OVERSHOT[:2], growth=3), LIMITS), NotAssessed)
    assert detect(_run(OVERSHOT[:2]), LIMITS) is None


def test_without_a_finite_loss_at_the_start_only_growth_is_damage() -> None:
    loss = np.full(1000, 0.2)
    loss[:5] = np.nan
    seen = telemetry(loss=loss, readings=probe_readings("best_step_factor", OVERSHOT))

    assert detect(case(seen=seen), LIMITS) is None
