"""Training data that are learned, and other data that are not."""

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.overfitting import OverfittingThresholds, detect
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from app.domain.task import Reference
from tests.domain.builders import case, scores, task, telemetry
from tests.domain.diagnosis.learning import learning

LIMITS = OverfittingThresholds()
TRAIN = np.linspace(1.0, 0.0, 21)
#: Falls to 0.5 at step 500, then rises to 1.5.
FALLS_AND_RISES = [*np.linspace(1.0, 0.5, 11), *np.linspace(0.6, 1.5, 10)]


def test_validation_that_got_worse_while_training_improved_is_critical_at_the_end() -> None:
    finding = detect(learning(TRAIN, FALLS_AND_RISES), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert finding.evidence["best_was_better_than_baseline"] is True
    assert 450 <= float(str(finding.evidence["best_step"])) <= 550
    assert 550 <= finding.first_step <= 750


def test_before_the_end_it_is_a_warning() -> None:
    finding = detect(learning(TRAIN[:17], FALLS_AND_RISES[:17], stop_reason=None), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.WARNING


def test_a_little_of_it_in_a_run_that_has_learned_does_no_harm() -> None:
    train = np.linspace(1.0, 0.0, 21)
    validation = [*np.linspace(1.0, 0.1, 15), 0.15, 0.2, 0.3, 0.3, 0.3, 0.3]

    finding = detect(learning(train, validation), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)


#: A network that forecasts yearly sunspot numbers: best after a quarter, and then slowly worse.
SUNSPOTS_TRAIN = [1.2, 0.1, 0.09, 0.06, 0.04, 0.03, 0.02, 0.015, 0.01, 0.008, 0.005, 0.004, 0.003]
SUNSPOTS = [2.8, 0.4, 0.4, 0.41, 0.44, 0.47, 0.48, 0.49, 0.5, 0.51, 0.53, 0.56, 0.54]
LAGS = Reference.model_validate(
    {"name": "lags", "source": "", "metrics": {"train": {"mse": 0.14}, "validation": {"mse": 0.32}}}
)


def _sunspots(*latest: float, reference: Reference | None = LAGS) -> Case:
    """The run with other latest scores on validation, beside a baseline of 0.83."""
    facts = task(floor=0.83, attainable=None, reference=reference)
    validation = [*SUNSPOTS[: len(SUNSPOTS) - len(latest)], *latest]
    return learning(SUNSPOTS_TRAIN, validation, every=80, facts=facts)


@pytest.mark.parametrize("reference", [LAGS, None], ids=["lags", "nothing known"])
def test_a_run_that_had_learned_and_beats_its_baseline_is_at_risk(
    reference: Reference | None,
) -> None:
    finding = detect(_sunspots(reference=reference), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.impact, finding.severity) == (Impact.UNKNOWN, Severity.WARNING)


@pytest.mark.parametrize("score", [0.65, 0.83, 1.2])
def test_one_that_had_learned_and_fell_far_behind_is_critical(score: float) -> None:
    finding = detect(_sunspots(score, score, score), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL


def test_one_that_never_learned_is_critical() -> None:
    reference = Reference.model_validate(
        {
            "name": "lags",
            "source": "",
            "metrics": {"train": {"mse": 0.14}, "validation": {"mse": 0}},
        }
    )
    validation = [0.83, *[0.3] * 7, *[0.41] * 5]
    facts = task(floor=0.83, attainable=None, reference=reference)

    finding = detect(learning(SUNSPOTS_TRAIN, validation, every=80, facts=facts), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL


def test_training_data_alone_are_learned_where_validation_never_improved() -> None:
    finding = detect(learning(TRAIN, [1.0] * 21), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["best_was_better_than_baseline"] is False
    assert finding.first_step == 300


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        (TRAIN, TRAIN + 0.05),
        ([1.0] * 21, FALLS_AND_RISES),
        (FALLS_AND_RISES, [x + 0.3 for x in FALLS_AND_RISES]),
        (TRAIN[:8], np.full(8, 1.0)),
    ],
    ids=["together", "training is flat", "both get worse", "too early"],
)
def test_it_is_absent_without_a_gap_that_training_explains(
    train: list[float], validation: list[float]
) -> None:
    stop = None if len(train) == 8 else "completed"

    assert detect(learning(train, validation, stop_reason=stop), LIMITS) is None  # type: ignore[arg-type] # a member's value


def test_a_reference_that_beats_the_baseline_on_one_split_only_gives_no_levels() -> None:
    reference = Reference.model_validate(
        {"name": "lags", "source": "", "metrics": {"train": {"mse": 0.5}, "validation": {"mse": 1}}}
    )
    facts = task(floor=1.0, attainable=None, reference=reference)

    finding = detect(learning(TRAIN, FALLS_AND_RISES, facts=facts), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["level_gap"] == pytest.approx(1.4, abs=0.1)


def test_it_needs_scores_on_both_splits_at_the_same_steps() -> None:
    apart = telemetry(readings=[*scores({0: 1.0, 999: 0.0}, split="train"), *scores({5: 1.0})])

    for given in (case(), learning(TRAIN), case(seen=apart)):
        assert isinstance(detect(given, LIMITS), NotAssessed)
