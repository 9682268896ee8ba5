"""How much of what is attainable was reached on a split."""

import math

import pytest

from app.domain.diagnosis.attainment import is_trained, reached
from app.domain.task import MetricMode, Reference, TaskFacts
from tests.domain.builders import case, scores, task, telemetry


def _reference(score: float) -> Reference:
    return Reference(name="lags", source="a regression", metrics={"train": {"mse": score}})


@pytest.mark.parametrize(
    ("facts", "score", "share"),
    [
        (task(floor=0.2, attainable=0.1), 0.15, 0.5),
        (task(floor=0.2, attainable=None, reference=_reference(0.1)), 0.1, 1.0),
        (task(floor=0.2, attainable=None, reference=_reference(0.1995)), 0.1, 0.5),
        (task(floor=0.2, attainable=None), 0.1, 0.5),
        (task(floor=0.2, attainable=0.2), 0.1, 0.5),
        (task(floor=0.2, attainable=None, mode=MetricMode.MAXIMISE), 0.3, 0.5),
    ],
)
def test_the_way_ends_at_the_expected_score_and_without_it_counts_by_the_floor(
    facts: TaskFacts, score: float, share: float
) -> None:
    judged = case(facts=facts, seen=telemetry(readings=scores({999: score}, split="train")))

    assert reached(judged, "train") == pytest.approx(share)


@pytest.mark.parametrize(("score", "is_learned"), [(0.02, True), (0.1, False), (math.inf, False)])
def test_most_of_the_way_is_learned(score: float, *, is_learned: bool) -> None:
    judged = case(seen=telemetry(readings=scores({999: score}, split="train")))

    assert is_trained(judged) is is_learned


def test_without_scores_or_a_baseline_nothing_is_known() -> None:
    trained = telemetry(readings=scores({999: 0.1}, split="train"))

    assert reached(case(), "train") is None
    assert reached(case(facts=task(has_baseline=False), seen=trained), "train") is None
    assert not is_trained(case())
