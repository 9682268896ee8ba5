"""A mechanism that agrees with the outlook is critical before the end."""

from dataclasses import replace

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    Outlook,
    Severity,
)
from app.domain.diagnosis.outlook.foresight import with_foresight
from app.domain.diagnosis.standing import BaselineThresholds
from app.domain.diagnosis.thresholds import Thresholds
from app.domain.task import LagSource, Reference, RequiredLag
from tests.domain.builders import case, profile, task, telemetry
from tests.domain.diagnosis.builders import finding
from tests.domain.diagnosis.learning import learning

OPEN_TASK = task(
    floor=1.0,
    attainable=None,
    reference=Reference(name="lags", source="", metrics={"validation": {"mse": 1.0}}),
)
FLAT = learning(validation=[1.0] * 5, stop_reason=None)
BAD = Outlook(
    probability_no_better_than_baseline=0.9,
    probability_not_learned=0.99,
    metric="mse",
    split="validation",
    expected=0.17,
    interval=(0.1, 0.2),
    share_of_run=0.2,
)
VANISHING = finding(severity=Severity.WARNING)


def severity(
    found: Finding = VANISHING,
    *,
    run: Case = FLAT,
    outlook: Outlook | None = BAD,
) -> Severity:
    (judged,) = with_foresight(run, [found], outlook)
    return judged.severity


def test_a_mechanism_is_critical_where_the_outlook_is_as_bad() -> None:
    (judged,) = with_foresight(FLAT, [VANISHING], BAD)

    assert (judged.severity, judged.impact) == (Severity.CRITICAL, Impact.BLOCKING)


@pytest.mark.parametrize(
    "changes",
    [{"probability_not_learned": 0.5}, {"share_of_run": 0.01}],
)
def test_a_good_or_an_early_outlook_changes_nothing(changes: dict[str, float]) -> None:
    assert severity(outlook=replace(BAD, **changes)) is Severity.WARNING  # type: ignore[arg-type]


def test_without_an_outlook_nothing_changes() -> None:
    assert severity(outlook=None) is Severity.WARNING


@pytest.mark.parametrize(
    "run",
    [
        case(seen=telemetry(num_steps=100)),
        learning(validation=[0.3] * 5, stop_reason=None),
        learning(validation=[1.0] * 5, facts=OPEN_TASK, stop_reason=None),
    ],
    ids=["no score", "learned", "as good as the reference models"],
)
def test_a_run_that_is_not_known_to_be_behind_changes_nothing(run: Case) -> None:
    assert severity(run=run) is Severity.WARNING


@pytest.mark.parametrize(
    "changes",
    [
        {"state": FindingState.PREDICTED},
        {"severity": Severity.INFO},
        {"impact": Impact.BLOCKING},
    ],
)
def test_other_findings_stay_as_they_are(changes: dict[str, object]) -> None:
    other = replace(VANISHING, **changes)  # type: ignore[arg-type] # each case names a field

    assert severity(other) is other.severity


def test_a_lag_that_is_only_estimated_leads_to_warnings_at_most() -> None:
    lag = RequiredLag(timesteps=50, source=LagSource.ESTIMATED)
    run = replace(FLAT, task=task(floor=1.0).model_copy(update={"required_lag": lag}))

    assert severity(run=run) is Severity.WARNING
    assert severity(replace(VANISHING, code="dead_units"), run=run) is Severity.CRITICAL


def test_a_reach_that_grows_is_a_reason_to_wait() -> None:
    profiles = tuple(profile(100 + 20 * place, horizon=10 + 5 * place) for place in range(8))
    growing = replace(FLAT, telemetry=replace(FLAT.telemetry, profiles=profiles))

    assert severity(run=growing) is Severity.WARNING
    assert severity(replace(VANISHING, code="dead_units"), run=growing) is Severity.CRITICAL


def test_a_query_can_ask_for_a_worse_outlook() -> None:
    limits = Thresholds(replaced=(BaselineThresholds(min_outlook=0.995),))

    assert severity(run=replace(FLAT, thresholds=limits)) is Severity.WARNING
