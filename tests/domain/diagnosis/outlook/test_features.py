"""The numbers that an outlook rests on."""

import math
from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Finding, FindingState, Severity
from app.domain.diagnosis.outcome import outcome_of
from app.domain.diagnosis.outlook.features import (
    LEAST_SHARE,
    MOST_GAIN,
    bent,
    features,
    is_present,
    share_of_rate_ahead,
)
from app.domain.task import RequiredLag
from tests.domain.builders import job, profile, task
from tests.domain.diagnosis.builders import finding
from tests.domain.diagnosis.learning import learning

RISING = np.linspace(1.0, 0.8, 6)


def live(scores: object = RISING, **changes: object) -> Case:
    case = learning(validation=scores, stop_reason=None)  # type: ignore[arg-type] # an array
    return replace(case, **changes)  # type: ignore[arg-type] # each test names a field


def seen(case: Case, *findings: Finding) -> dict[str, float]:
    outcome = outcome_of(case)
    assert outcome is not None
    return dict(features(case, outcome, findings))


def test_the_level_is_fine_near_the_baseline() -> None:
    assert bent(0.01) == pytest.approx(0.1, abs=1e-3)
    assert bent(1.0) - bent(0.5) == pytest.approx(math.log(2), abs=0.02)
    assert bent(-0.5) == -bent(0.5)


def test_the_present_level_is_the_median_of_the_latest_ones() -> None:
    assert seen(live([1.0, 0.9, 0.8, 0.2]))["level"] == pytest.approx(bent(0.2))


def test_a_rise_goes_on_over_the_steps_that_are_left() -> None:
    # the level rises by 0.04 each 50 steps, and 700 of 1000 steps are left
    assert seen(live())["gain_ahead"] == pytest.approx(bent(0.04 / 50 * 700), rel=1e-6)


def test_a_rise_is_as_slow_as_the_schedule() -> None:
    spec = job(training={"num_steps": 1000}, optimizer={"schedule": {"kind": "cosine"}})

    assert 0 < seen(live(spec=spec))["gain_ahead"] < seen(live())["gain_ahead"]


def test_no_gain_counts_as_more_than_the_largest() -> None:
    assert seen(live([9.0, 6.0, 3.0, 0.0]))["gain_ahead"] == pytest.approx(bent(MOST_GAIN))


def test_too_few_evaluations_have_no_trend() -> None:
    assert math.isnan(seen(live([1.0, 0.9]))["gain_ahead"])


def test_the_start_of_a_run_counts_as_the_earliest_share_that_was_fitted() -> None:
    assert seen(live([1.0]))["log_share"] == pytest.approx(math.log(LEAST_SHARE))
    assert seen(live())["log_share"] == pytest.approx(math.log(0.3))


def test_only_a_symptom_that_is_active_and_matters_is_a_mechanism() -> None:
    assert seen(live(), finding())["mechanism"] == 1
    assert seen(live())["mechanism"] == 0
    assert not is_present(finding(severity=Severity.INFO))
    assert not is_present(finding(state=FindingState.PREDICTED))


def with_horizons(*horizons: int) -> Case:
    case = live(np.linspace(1.0, 0.8, 20))
    profiles = [
        profile(step=400 + 50 * place, horizon=horizon) for place, horizon in enumerate(horizons)
    ]
    return replace(case, telemetry=replace(case.telemetry, profiles=tuple(profiles)))


def test_a_reach_that_grows_is_compared_with_the_required_lag() -> None:
    grown = seen(with_horizons(10, 15, 20, 25, 30, 35))["reach_growth"]

    # 0.1 timesteps per step, 1000 steps
    assert grown == pytest.approx(min(1.0, 100 / (task().required_lag.timesteps or 1)), rel=1e-6)


def test_without_probes_or_a_lag_no_reach_grows() -> None:
    case = with_horizons(10, 15, 20, 25, 30, 35)
    facts = task().model_copy(update={"required_lag": RequiredLag(timesteps=None)})
    outcome = outcome_of(case)
    assert outcome is not None

    assert seen(live())["reach_growth"] == 0
    assert features(replace(case, task=facts), outcome, ())["reach_growth"] == 0
    assert features(replace(case, task=None), outcome, ())["reach_growth"] == 0


def test_a_constant_rate_is_ahead_in_proportion_to_the_steps() -> None:
    assert share_of_rate_ahead(live()) == pytest.approx(0.7)


def test_no_rate_is_ahead_after_the_last_step() -> None:
    done = live(np.linspace(1.0, 0.8, 20))

    assert share_of_rate_ahead(done) == 0
