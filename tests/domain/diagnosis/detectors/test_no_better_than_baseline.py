"""A run that a trivial predictor equals."""

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.no_better_than_baseline import detect
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.runs import StopReason
from app.domain.scopes import Scope
from app.domain.task import Baseline, MetricMode, Reference, TaskFacts
from app.domain.telemetry import LagProfile
from tests.domain.builders import FLOOR, case, profile, scores, task, telemetry

LIMITS = BaselineThresholds()

ENDED = StopReason.COMPLETED


def _case(
    score: float,
    *,
    step: int = 999,
    facts: TaskFacts | None = None,
    profiles: list[LagProfile] | None = None,
    stop_reason: StopReason | None = None,
    split: str = "validation",
    update_ratio: float = 1e-3,
) -> Case:
    seen = telemetry(
        num_steps=step + 1,
        readings=scores({step: score}, split=split),
        profiles=profiles or [],
        update_ratio=update_ratio,
    )
    return case(seen=seen, facts=facts, stop_reason=stop_reason)


def _found(given: Case) -> Finding:
    outcome = detect(given, LIMITS)
    assert isinstance(outcome, Finding)
    return outcome


def test_a_run_that_ends_at_the_floor_is_critical() -> None:
    finding = _found(_case(0.166, stop_reason=ENDED))

    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert finding.evidence["baseline"] == FLOOR
    assert finding.evidence["baseline_source"] == "variance of the target"


def test_half_way_through_it_is_a_warning() -> None:
    finding = _found(_case(0.166, step=600))

    assert finding.severity is Severity.WARNING
    assert "399 steps are left" in finding.explanation


@pytest.mark.parametrize("stop_reason", [None, StopReason.CANCELLED])
def test_before_half_of_the_steps_it_is_not_assessed(stop_reason: StopReason | None) -> None:
    outcome = detect(_case(0.166, step=300, stop_reason=stop_reason), LIMITS)

    assert isinstance(outcome, NotAssessed)
    assert "too early" in outcome.reason


def test_a_run_that_is_better_early_is_healthy() -> None:
    assert detect(_case(0.1, step=100), LIMITS) is None


def test_a_score_a_trifle_below_the_floor_is_no_better() -> None:
    assert _found(_case(0.16, stop_reason=ENDED)).severity is Severity.CRITICAL


def test_a_score_that_is_not_a_number_is_no_better() -> None:
    finding = _found(_case(float("nan"), stop_reason=ENDED))

    assert finding.evidence["score"] is None


def test_without_an_attainable_score_the_gain_over_the_baseline_counts() -> None:
    facts = task(attainable=None)

    assert detect(_case(0.98 * FLOOR, facts=facts, stop_reason=ENDED), LIMITS) is None
    assert _found(_case(1.02 * FLOOR, facts=facts, stop_reason=ENDED)).threshold == {
        "min_gain": 0.01
    }


def test_where_the_baseline_is_the_best_possible_a_run_that_equals_it_is_well() -> None:
    facts = task(attainable=FLOOR)

    assert detect(_case(FLOOR, facts=facts, stop_reason=ENDED), LIMITS) is None
    assert _found(_case(1.1 * FLOOR, facts=facts, stop_reason=ENDED)).severity is Severity.CRITICAL


@pytest.mark.parametrize(("score", "is_found"), [(0.9, False), (0.1, True)])
def test_more_is_better_where_the_metric_says_so(score: float, *, is_found: bool) -> None:
    facts = task(mode=MetricMode.MAXIMISE, floor=0.25, attainable=None)

    assert (detect(_case(score, facts=facts, stop_reason=ENDED), LIMITS) is not None) is is_found


@pytest.mark.parametrize("score", [0.1, 0.0])
def test_a_floor_of_0_cannot_be_beaten_and_gives_no_endless_number(score: float) -> None:
    finding = _found(_case(score, facts=task(floor=0.0, attainable=None), stop_reason=ENDED))

    assert finding.evidence["relative_gain"] == (None if score else 0.0)


def test_a_score_is_compared_with_the_floor_of_its_own_split() -> None:
    facts = task(attainable=None)
    floor = Baseline(
        name="naive", metric="mse", value=0.1, scores={"validation": 10.0}, source="given"
    )

    given = _case(0.2, facts=facts.model_copy(update={"baselines": (floor,)}), stop_reason=ENDED)

    assert detect(given, LIMITS) is None


def test_training_scores_stand_in_where_there_is_no_validation() -> None:
    assert _found(_case(0.166, stop_reason=ENDED, split="train")).scope == Scope.split("train")


def test_without_an_evaluation_it_is_not_assessed() -> None:
    assert isinstance(detect(case(stop_reason=ENDED), LIMITS), NotAssessed)


@pytest.mark.parametrize(
    ("stop_reason", "severity"), [(None, Severity.WARNING), (ENDED, Severity.CRITICAL)]
)
def test_a_reach_that_still_grows_is_a_reason_to_wait_only_before_the_end(
    stop_reason: StopReason | None, severity: Severity
) -> None:
    profiles = [profile(step, horizon=10 + step // 20) for step in range(0, 1000, 50)]

    finding = _found(_case(0.166, profiles=profiles, stop_reason=stop_reason))

    assert finding.severity is severity
    assert ("still grows" in finding.explanation) is (stop_reason is None)


def test_near_the_end_it_is_critical() -> None:
    assert _found(_case(0.166, step=800)).severity is Severity.CRITICAL


def test_it_begins_where_the_score_fell_back_for_good() -> None:
    values = {0: 0.17, 100: 0.05, 200: 0.01, 300: 0.01, 400: 0.17, 500: 0.17, 600: 0.2, 999: 0.2}
    seen = telemetry(readings=scores(values))

    finding = detect(case(seen=seen, stop_reason=ENDED), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.first_step == 500


def test_a_run_that_learned_its_training_data_is_not_said_to_have_learned_nothing() -> None:
    readings = [*scores({0: 0.2, 999: 1.78}), *scores({0: 0.2, 999: 7e-6}, split="train")]

    finding = detect(case(seen=telemetry(readings=readings), stop_reason=ENDED), LIMITS)

    assert isinstance(finding, Finding)
    assert "On the training data it is 7e-6" in finding.explanation


def test_a_short_run_is_not_judged_by_the_scores_of_its_start() -> None:
    readings = scores({0: 0.8, 200: 0.3, 400: 0.01})
    seen = telemetry(num_steps=400, readings=readings)

    assert detect(case(seen=seen, num_steps=400, stop_reason=ENDED), LIMITS) is None


def test_a_run_below_a_strong_baseline_is_never_well() -> None:
    naive = Baseline(name="naive", metric="mse", value=0.22, source="")
    mean = Baseline(name="predict_mean", metric="mse", value=1.3, source="")
    known = Reference.model_validate(
        {"name": "lags", "source": "", "metrics": {"validation": {"mse": 0.21}}}
    )
    facts = task(attainable=None, reference=known).model_copy(update={"baselines": (naive, mean)})

    finding = _found(_case(0.24, facts=facts, stop_reason=ENDED))

    assert (finding.impact, finding.severity) == (Impact.UNKNOWN, Severity.WARNING)
    assert "the baseline is better than both" in finding.explanation
    assert isinstance(detect(_case(0.222, facts=facts, stop_reason=ENDED), LIMITS), NotAssessed)
