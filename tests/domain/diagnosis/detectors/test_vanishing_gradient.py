"""A gradient that does not reach the lag that the task needs."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.vanishing_gradient import CARD, detect
from app.domain.diagnosis.findings import Finding, FindingState, Impact, NotAssessed, Severity
from app.domain.diagnosis.overrides import parse_overrides
from app.domain.diagnosis.reach import VanishingThresholds
from app.domain.runs import StopReason
from app.domain.task import LagSource, RequiredLag, TaskFacts
from app.domain.telemetry import LagProfile, ScalarReading
from tests.domain.builders import case, job, profile, scores, task, telemetry

LIMITS = VanishingThresholds()

FLAT = scores({600: 0.166, 800: 0.167, 999: 0.166})
LEARNED = scores({600: 0.05, 800: 0.04, 999: 0.03})
EVERY_50 = range(0, 1000, 50)


def _case(
    profiles: list[LagProfile],
    readings: tuple[ScalarReading, ...] = FLAT,
    *,
    facts: TaskFacts | None = None,
    num_steps: int = 1000,
    seen_steps: int = 1000,
) -> Case:
    seen = telemetry(num_steps=seen_steps, profiles=profiles, readings=readings)
    return case(seen=seen, facts=facts, num_steps=num_steps)


def _found(given: Case) -> Finding:
    outcome = detect(given, LIMITS)
    assert isinstance(outcome, Finding)
    return outcome


def _missed(given: Case) -> str:
    outcome = detect(given, LIMITS)
    assert isinstance(outcome, NotAssessed)
    return outcome.reason


def test_a_short_reach_that_has_stalled_on_a_flat_loss_is_critical() -> None:
    finding = _found(_case([profile(step) for step in EVERY_50]))

    assert finding.state is FindingState.ACTIVE
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.first_step, finding.last_step) == (0, 950)
    assert finding.threshold == {"max_ratio": 0.01}
    assert finding.evidence["required_lag_timesteps"] == 199
    assert finding.evidence["gradient_ratio_at_required_lag"] == 1e-20
    assert finding.evidence["gradient_horizon_timesteps"] == 10
    assert finding.evidence["horizon_trend_timesteps_per_1000_steps"] == 0
    assert "has not grown" in finding.explanation


def test_a_reach_that_grows_while_the_loss_is_flat_is_a_warning_that_says_so() -> None:
    finding = _found(_case([profile(step, horizon=10 + step // 20) for step in EVERY_50]))

    assert (finding.impact, finding.severity) == (Impact.UNKNOWN, Severity.WARNING)
    assert finding.evidence["horizon_trend_timesteps_per_1000_steps"] == pytest.approx(50, rel=0.1)
    assert "but the reach grows" in finding.explanation


def test_of_a_run_that_has_ended_its_growth_is_past() -> None:
    growing = [profile(step, horizon=10 + step // 20) for step in EVERY_50]
    ended = replace(_case(growing), has_ended=True, stop_reason=StopReason.COMPLETED)

    assert "but the reach grew until the end" in _found(ended).explanation


def test_a_reach_beyond_every_lag_that_was_seen_is_told_as_such() -> None:
    finding = _found(_case([profile(step, horizon=199) for step in EVERY_50]))

    assert "it stays above 0.01 for 199 timesteps." in finding.explanation


def test_growth_that_is_not_certain_is_no_stall() -> None:
    # few probes, one of them astray: as seen of a GRU that learned 200 steps later
    steps_and_horizons = {110: 22, 200: 24, 400: 26, 600: 29, 700: 33, 800: 31, 900: 34, 950: 37}

    finding = _found(_case([profile(s, horizon=h) for s, h in steps_and_horizons.items()]))

    assert finding.severity is Severity.WARNING
    assert "seems to grow" in finding.explanation


def test_a_run_that_has_ended_is_not_waited_for_on_uncertain_growth() -> None:
    steps_and_horizons = {110: 22, 200: 24, 400: 26, 600: 29, 700: 33, 800: 31, 900: 34, 950: 37}
    seen = telemetry(
        num_steps=1000,
        profiles=[profile(step, horizon=h) for step, h in steps_and_horizons.items()],
        readings=FLAT,
    )

    finding = _found(case(seen=seen, num_steps=1000, stop_reason=StopReason.COMPLETED))

    assert finding.severity is Severity.CRITICAL
    assert "has not grown" in finding.explanation


def test_a_reach_that_scatters_has_not_grown() -> None:
    noise = (0, 3, 1, 4, 1, 5, 0, 2, 6, 5, 3, 5, 0, 1, 7, 2, 0, 3, 1, 2)

    finding = _found(
        _case([profile(step, horizon=8 + n) for step, n in zip(EVERY_50, noise, strict=True)])
    )

    assert finding.severity is Severity.CRITICAL


def test_a_short_reach_of_a_task_that_is_learned_does_no_harm() -> None:
    finding = _found(_case([profile(step) for step in EVERY_50], LEARNED))

    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)
    assert "does no harm" in finding.explanation


@pytest.mark.parametrize(
    ("facts", "readings"),
    [
        (task(source=LagSource.ESTIMATED), FLAT),
        (task(has_baseline=False), FLAT),
        (task(attainable=None), scores({999: 0.15})),
        (task(), ()),
        (task(), scores({999: 0.12})),
    ],
    ids=["estimated lag", "no floor", "attainable unknown", "no score", "half learned"],
)
def test_without_proof_that_nothing_is_learned_it_is_at_most_a_warning(
    facts: TaskFacts, readings: tuple[ScalarReading, ...]
) -> None:
    finding = _found(_case([profile(step) for step in EVERY_50], readings, facts=facts))

    assert (finding.state, finding.severity) == (FindingState.ACTIVE, Severity.WARNING)


def test_the_interval_of_an_estimated_lag_is_evidence() -> None:
    lag = RequiredLag(timesteps=60, interval=(40, 80), source=LagSource.ESTIMATED)
    facts = task().model_copy(update={"required_lag": lag})

    finding = _found(_case([profile(step) for step in EVERY_50], FLAT, facts=facts))

    assert finding.evidence["required_lag_interval_timesteps"] == [40, 80]


def test_probes_before_the_run_has_settled_can_only_predict() -> None:
    finding = _found(_case([profile(0), profile(50), profile(90)], (), seen_steps=91))

    assert finding.state is FindingState.PREDICTED
    assert (finding.impact, finding.severity) == (Impact.UNKNOWN, Severity.WARNING)
    assert "too early" in finding.explanation


def test_a_run_that_ended_early_leaves_it_at_a_prognosis() -> None:
    seen = telemetry(num_steps=50, profiles=[profile(0), profile(50)])

    finding = _found(case(seen=seen, num_steps=50, stop_reason=StopReason.COMPLETED))

    assert finding.state is FindingState.PREDICTED
    assert "ended before" in finding.explanation


def test_two_settled_probes_are_too_few_to_be_active() -> None:
    assert _found(_case([profile(0), profile(100), profile(150)])).state is FindingState.PREDICTED


def test_a_stretch_too_young_to_have_stalled_is_a_warning() -> None:
    profiles = [profile(step) for step in (0, 100, 120, 140, 160, 180, 200)]

    finding = _found(_case(profiles, scores({200: 0.166}), num_steps=5000, seen_steps=201))

    assert (finding.state, finding.severity) == (FindingState.ACTIVE, Severity.WARNING)
    assert "too few to tell whether the reach grows" in finding.explanation


def test_nothing_is_predicted_of_a_task_that_is_learned() -> None:
    assert "are needed" in _missed(_case([profile(0)], LEARNED))


def test_a_long_reach_at_the_start_alone_is_no_proof_of_health() -> None:
    assert "3 probes from step 100 on" in _missed(_case([profile(0, ratio=0.5)], (), seen_steps=1))


def test_a_long_reach_is_healthy() -> None:
    given = _case([profile(step, ratio=0.5, horizon=199) for step in EVERY_50])

    assert detect(given, LIMITS) is None


def test_a_short_reach_that_ended_is_resolved() -> None:
    short = [profile(step) for step in (0, 100, 200, 300)]
    long = [profile(step, ratio=0.4, horizon=199) for step in (400, 500, 600)]

    finding = _found(_case(short + long))

    assert finding.state is FindingState.RESOLVED
    assert (finding.first_step, finding.last_step, finding.resolved_step) == (100, 300, 400)


def test_an_interval_that_spans_the_threshold_is_not_assessed() -> None:
    given = _case([profile(s, ratio=0.01, interval=(0.002, 0.05)) for s in EVERY_50])

    assert "contains the threshold" in _missed(given)


def test_a_ratio_that_goes_back_and_forth_is_not_assessed() -> None:
    profiles = [profile(s, ratio=0.5 if s % 100 else 1e-9) for s in EVERY_50[:-1]]

    assert "alternates" in _missed(_case(profiles))


def test_a_profile_that_is_not_a_number_is_left_out() -> None:
    assert _missed(_case([profile(0, ratio=float("nan"))])) == (
        "no probe has a ratio at the required lag"
    )


def test_an_exact_zero_is_a_short_reach() -> None:
    finding = _found(_case([profile(step, ratio=0.0, horizon=0) for step in EVERY_50]))

    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["gradient_ratio_at_required_lag"] == 0.0


def test_only_the_whole_model_is_judged() -> None:
    given = _case([profile(step, scope="layer:0") for step in EVERY_50])

    assert "no probe" in _missed(given)


def test_an_override_moves_the_threshold() -> None:
    given = _case([profile(step, ratio=0.03) for step in EVERY_50])

    assert detect(given, LIMITS) is None
    moved = CARD.examine(
        replace(given, thresholds=parse_overrides({"vanishing_gradient.max_ratio": "0.1"}))
    )
    assert isinstance(moved, Finding)
    assert moved.threshold == {"max_ratio": 0.1}


def _both_ways(middle: float, *, shortest: int | None = 100) -> Case:
    """A bidirectional network whose gradient is weakest at lag 150 and large again at 199."""
    profiles = []
    for step in EVERY_50:
        one = profile(step, ratio=1.02, interval=(0.9, 1.2), horizon=5, decay_rate=0.0)
        log_norm_T = one.log_norm_T.copy()
        log_norm_T[150] = np.log(middle)
        profiles.append(replace(one, log_norm_T=log_norm_T))
    facts = task()
    lag = facts.required_lag.model_copy(update={"min": shortest})
    seen = telemetry(profiles=profiles, readings=FLAT)
    return case(
        spec=job(model={"kind": "elman", "bidirectional": True}),
        facts=facts.model_copy(update={"required_lag": lag}),
        seen=seen,
    )


def test_of_a_bidirectional_network_the_weakest_lag_that_occurs_is_judged() -> None:
    finding = _found(_both_ways(1e-6))

    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["gradient_ratio_at_required_lag"] == pytest.approx(1e-6)
    assert finding.evidence["required_lag_timesteps"] == 199
    assert finding.evidence["judged_lag_timesteps"] == 150
    assert finding.explanation.startswith("At lag 150, the weakest of those that the task needs,")


@pytest.mark.parametrize(("middle", "shortest"), [(0.5, 100), (1e-6, None), (1e-6, 160)])
def test_lags_that_do_not_occur_are_not_judged(middle: float, shortest: int | None) -> None:
    assert detect(_both_ways(middle, shortest=shortest), LIMITS) is None


def test_a_profile_without_a_number_at_the_lags_that_occur_keeps_its_ratio() -> None:
    given = _both_ways(0.5)
    unknown = [
        replace(one, log_norm_T=np.where(np.arange(200) > 0, np.nan, one.log_norm_T))
        for one in given.telemetry.profiles
    ]
    seen = replace(given.telemetry, profiles=tuple(unknown))

    assert detect(replace(given, telemetry=seen), LIMITS) is None


def test_a_network_that_no_gradient_enters_has_none_that_vanishes() -> None:
    dead = [
        replace(profile(step, ratio=0.0), log_norm_T=np.full(200, -np.inf)) for step in EVERY_50
    ]

    assert "not even at lag 0" in _missed(_case(dead))


def test_a_short_run_is_judged_after_its_first_third() -> None:
    profiles = [profile(step) for step in range(0, 90, 10)]

    finding = _found(_case(profiles, scores({60: 0.166, 89: 0.167}), num_steps=90, seen_steps=90))

    assert finding.state is FindingState.ACTIVE
