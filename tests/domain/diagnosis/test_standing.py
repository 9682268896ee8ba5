"""A run that equals the best reference is not sick where nothing more can be learned."""

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.no_better_than_baseline import detect
from app.domain.diagnosis.findings import Finding, NotAssessed
from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.runs import StopReason
from app.domain.task import MetricMode, Reference
from tests.domain.builders import case, scores, task, telemetry

FLOOR = 1.0


def reference(
    score: float = FLOOR,
    *,
    nonlinear: float | None = FLOOR,
    is_white: bool | None = True,
    split: str = "validation",
) -> Reference:
    return Reference.model_validate(
        {
            "name": "lags",
            "source": "",
            "metrics": {split: {"mse": score}},
            "nonlinear_score": nonlinear,
            "are_residuals_white": is_white,
        }
    )


def judged(
    score: float,
    known: Reference | None,
    *,
    attainable: float | None = None,
    mode: MetricMode = MetricMode.MINIMISE,
) -> Case:
    return case(
        facts=task(floor=FLOOR, attainable=attainable, reference=known, mode=mode),
        seen=telemetry(readings=scores({999: score})),
        stop_reason=StopReason.COMPLETED,
    )


def outcome(given: Case) -> Finding | NotAssessed | None:
    return detect(given, BaselineThresholds())


def test_a_run_that_equals_a_settled_reference_is_not_sick() -> None:
    assert outcome(judged(1.0, reference())) is None


def test_a_run_below_its_baseline_is_not_called_healthy_although_nothing_can_be_learned() -> None:
    found = outcome(judged(1.015, reference()))

    assert isinstance(found, NotAssessed)
    assert "worse than the trivial predictor" in found.reason


def test_a_run_that_is_worse_than_the_reference_is_sick() -> None:
    found = outcome(judged(1.1, reference()))

    assert isinstance(found, Finding)
    assert (found.evidence["expected_score"], found.evidence["reference_name"]) == (1.0, "lags")


def test_a_run_at_the_floor_is_sick_where_the_reference_is_better() -> None:
    assert isinstance(outcome(judged(1.0, reference(0.5, nonlinear=0.6))), Finding)


@pytest.mark.parametrize(
    "known",
    [reference(is_white=False), reference(is_white=None), reference(nonlinear=1.2)],
    ids=["residuals", "unknown residuals", "nonlinear model"],
)
def test_it_is_not_assessed_where_more_could_be_learned(known: Reference) -> None:
    found = outcome(judged(1.0, known))

    assert isinstance(found, NotAssessed)
    assert "lags" in found.reason


def test_without_a_nonlinear_model_it_is_not_assessed() -> None:
    assert isinstance(outcome(judged(1.0, reference(nonlinear=None))), NotAssessed)


@pytest.mark.parametrize("known", [None, reference(split="test")])
def test_without_a_reference_on_the_split_the_baseline_decides(known: Reference | None) -> None:
    found = outcome(judged(1.0, known))

    assert isinstance(found, Finding)
    assert found.evidence["expected_score"] is None


def test_a_known_best_score_decides_alone() -> None:
    assert isinstance(outcome(judged(1.0, reference(), attainable=0.0)), Finding)


def test_a_metric_that_is_maximised_is_compared_the_other_way_round() -> None:
    equal = judged(1.0, reference(1.005, nonlinear=1.005), mode=MetricMode.MAXIMISE)
    worse = judged(1.0, reference(1.2, nonlinear=1.2), mode=MetricMode.MAXIMISE)

    assert outcome(equal) is None
    assert isinstance(outcome(worse), Finding)


def test_a_reference_without_a_validation_score_settles_nothing() -> None:
    seen = telemetry(readings=scores({999: 1.0}, split="train"))
    facts = task(floor=FLOOR, attainable=None, reference=reference(split="train"))

    found = outcome(case(facts=facts, seen=seen, stop_reason=StopReason.COMPLETED))

    assert isinstance(found, NotAssessed)
