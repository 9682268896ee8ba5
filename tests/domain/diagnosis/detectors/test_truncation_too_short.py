"""A cut of the gradient before the lag that the task needs."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors import vanishing_gradient
from app.domain.diagnosis.detectors.truncation_too_short import CARD
from app.domain.diagnosis.findings import Finding, FindingState, Impact, NotAssessed, Severity
from app.domain.diagnosis.relations import causes_of
from app.domain.task import LagSource, RequiredLag
from app.domain.telemetry import LagProfile, ScalarReading
from tests.domain.builders import case, job, profile, scores, task, telemetry

FLAT = scores({600: 0.166, 800: 0.167, 999: 0.166})
LEARNED = scores({600: 0.05, 800: 0.04, 999: 0.03})
EVERY_50 = range(0, 1000, 50)


def _uncut(step: int, ratio: float) -> LagProfile:
    return replace(profile(step, ratio=ratio, horizon=199, decay_rate=0.0), path="untruncated")


def _cut(step: int, ratio: float = 0.0) -> LagProfile:
    return profile(step, ratio=ratio, horizon=20, decay_rate=0.0)


def _case(
    *,
    ratio: float | None = 0.8,
    bptt_length: int | None = 20,
    readings: tuple[ScalarReading, ...] = FLAT,
    source: LagSource = LagSource.TASK,
    num_steps: int = 1000,
    trained: float = 0.0,
    **model: Any,
) -> Case:
    steps = [step for step in EVERY_50 if step < num_steps]
    profiles = [_cut(step, trained) for step in steps]
    if ratio is not None:
        profiles += [_uncut(step, ratio) for step in steps]
    return case(
        spec=job(training={"bptt_length": bptt_length}, model={"kind": "elman", **model}),
        facts=task(source=source),
        seen=telemetry(num_steps=num_steps, profiles=profiles, readings=readings),
    )


def _found(given: Case) -> Finding:
    outcome = CARD.examine(given)
    assert isinstance(outcome, Finding)
    return outcome


def test_a_cut_before_the_needed_lag_is_critical_where_nothing_is_learned() -> None:
    finding = _found(_case())

    assert finding.state is FindingState.ACTIVE
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.first_step, finding.last_step) == (0, 999)
    assert finding.evidence == {
        "bptt_length_timesteps": 20,
        "required_lag_timesteps": 199,
        "required_lag_interval_timesteps": None,
        "required_lag_source": "task",
        "untruncated_gradient_ratio": 0.8,
        "untruncated_gradient_step": 950,
    }
    assert "exactly 0. Without the cut it is 0.8" in finding.explanation


def test_the_interval_of_an_estimated_lag_is_evidence() -> None:
    given = _case(source=LagSource.ESTIMATED)
    assert given.task is not None
    lag = RequiredLag(timesteps=60, interval=(40, 80), source=LagSource.ESTIMATED)

    finding = _found(replace(given, task=given.task.model_copy(update={"required_lag": lag})))

    assert finding.evidence["required_lag_interval_timesteps"] == [40, 80]


def test_the_cut_is_a_cause_of_it() -> None:
    assert "truncated_backpropagation" in causes_of(CARD.code)


def test_a_gradient_that_would_reach_does_not_vanish() -> None:
    assert vanishing_gradient.CARD.examine(_case()) is None


def test_where_the_gradient_would_not_reach_either_it_vanishes() -> None:
    given = _case(ratio=1e-20)

    assert CARD.examine(given) is None
    assert isinstance(vanishing_gradient.CARD.examine(given), Finding)


def test_it_begins_where_the_gradient_would_reach() -> None:
    profiles = [_uncut(step, 1e-20 if step < 400 else 0.5) for step in EVERY_50]
    given = _case()
    seen = replace(given.telemetry, profiles=(*given.telemetry.profiles[:20], *profiles))

    assert _found(replace(given, telemetry=seen)).first_step == 400


@pytest.mark.parametrize(("bptt_length", "is_found"), [(199, True), (200, False), (None, False)])
def test_the_needed_lag_itself_must_be_within_the_cut(
    bptt_length: int | None, *, is_found: bool
) -> None:
    assert (CARD.examine(_case(bptt_length=bptt_length)) is not None) is is_found


def test_in_a_run_that_learns_it_is_information() -> None:
    finding = _found(_case(readings=LEARNED))

    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)


def test_an_estimated_lag_leads_to_a_warning_at_most() -> None:
    finding = _found(_case(source=LagSource.ESTIMATED))

    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.WARNING)


def test_without_a_profile_of_the_uncut_gradient_the_length_decides() -> None:
    finding = _found(_case(ratio=None))

    assert finding.evidence["untruncated_gradient_ratio"] is None
    assert "Without the cut" not in finding.explanation


def test_at_the_start_it_is_predicted() -> None:
    finding = _found(_case(num_steps=1, readings=()))

    assert (finding.state, finding.severity) == (FindingState.PREDICTED, Severity.WARNING)
    assert finding.impact is Impact.UNKNOWN


def test_at_the_start_it_is_not_predicted_where_the_task_is_learned() -> None:
    assert CARD.examine(_case(num_steps=1, readings=scores({0: 0.01}))) is None


def test_a_backward_direction_can_carry_the_gradient_past_the_cut() -> None:
    assert CARD.examine(_case(trained=0.5, bidirectional=True)) is None
    assert _found(_case(trained=0.0, bidirectional=True))


def test_an_unknown_lag_is_not_assessed() -> None:
    outcome = CARD.examine(replace(_case(), task=task(lag=None)))

    assert isinstance(outcome, NotAssessed)
