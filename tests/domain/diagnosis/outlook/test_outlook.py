"""The outlook of a running run."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Outlook
from app.domain.diagnosis.outlook import outlook_of
from app.domain.runs import StopReason
from app.domain.task import MetricMode
from tests.domain.builders import case, task, telemetry
from tests.domain.diagnosis.learning import learning


def outlook(scores: object, *, facts: object = None) -> Outlook:
    run = learning(validation=scores, facts=facts, stop_reason=None)  # type: ignore[arg-type]
    found = outlook_of(run, ())
    assert found is not None
    return found


FLAT, LEARNING = np.full(6, 1.0), np.geomspace(1.0, 0.05, 6)


def test_a_run_that_learns_has_the_better_outlook() -> None:
    flat, rising = outlook(FLAT), outlook(LEARNING)

    assert rising.probability_no_better_than_baseline < flat.probability_no_better_than_baseline
    assert rising.probability_not_learned < flat.probability_not_learned
    assert rising.expected < flat.expected


@pytest.mark.parametrize("scores", [FLAT, LEARNING])
def test_the_expected_score_lies_in_its_interval(scores: object) -> None:
    found = outlook(scores)

    assert found.interval[0] <= found.expected <= found.interval[1]
    assert (found.metric, found.split) == (task().metric, "validation")
    assert found.share_of_run == pytest.approx(0.3)


def test_the_interval_of_an_accuracy_is_ordered_too() -> None:
    facts = task(floor=0.5, attainable=None).model_copy(update={"mode": MetricMode.MAXIMISE})

    found = outlook(np.linspace(0.5, 0.8, 6), facts=facts)

    assert 0 <= found.interval[0] <= found.expected <= found.interval[1] <= 1


def test_an_outlook_is_less_likely_bad_than_not_good() -> None:
    found = outlook(FLAT)

    assert found.probability_no_better_than_baseline < found.probability_not_learned


def test_scores_that_are_not_finite_have_a_finite_outlook() -> None:
    found = outlook(np.array([1.0, 0.9, np.inf, np.inf, np.inf, np.nan]))

    assert np.isfinite([found.expected, *found.interval]).all()


def test_a_run_that_has_ended_has_none() -> None:
    run = learning(validation=FLAT, stop_reason=StopReason.COMPLETED)

    assert outlook_of(run, ()) is None
    assert diagnose(run).outlook is None


def test_without_scores_a_baseline_or_room_above_it_there_is_none() -> None:
    perfect = task(floor=1.0, attainable=1.0)
    run = learning(validation=FLAT, stop_reason=None)

    assert outlook_of(case(seen=telemetry(num_steps=100)), ()) is None
    assert outlook_of(replace(run, task=None), ()) is None
    assert outlook_of(replace(run, task=perfect), ()) is None


def test_a_live_diagnosis_tells_the_outlook() -> None:
    found = diagnose(learning(validation=LEARNING, stop_reason=None))

    assert found.outlook is not None
    assert "left alone it ends at about" in found.summary
