"""A gradient too large to follow."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.exploding_gradient import detect
from app.domain.diagnosis.explosions import ExplodingThresholds
from app.domain.diagnosis.findings import Finding, FindingState, Impact, NotAssessed, Severity
from app.domain.telemetry import DoubleArray, ScalarReading
from tests.domain.builders import case, profile, reading, scores, telemetry

LIMITS = ExplodingThresholds()

RISING = profile(0, log_rise=60.0)


def _norms(num_steps: int = 1000, *, spikes: dict[int, float] | None = None) -> DoubleArray:
    """Log-normal around 0.3, as a healthy LSTM has them, with spikes where asked."""
    norms = 0.3 * np.exp(np.random.default_rng(7).normal(0, 0.8, num_steps))
    for step, value in (spikes or {}).items():
        norms[step] = value
    return norms


def _found(given: Case) -> Finding:
    outcome = detect(given, LIMITS)
    assert isinstance(outcome, Finding)
    return outcome


def test_norms_that_are_huge_from_the_first_step_on_are_critical() -> None:
    norms = 1e22 * np.exp(np.random.default_rng(3).normal(0, 1.5, 600))
    seen = telemetry(
        num_steps=600,
        loss=np.linspace(1.2, 0.3, 600),
        grad_norm=norms,
        profiles=[RISING],
        readings=scores({400: 0.17, 599: 0.166}),
    )

    finding = _found(case(seen=seen, num_steps=600))

    assert finding.state is FindingState.ACTIVE
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.first_step, finding.last_step) == (0, 599)


@pytest.mark.parametrize(("factor", "is_found"), [(0.9, False), (1.1, True)])
def test_the_threshold_divides_large_from_too_large(factor: float, *, is_found: bool) -> None:
    # loss 0.2 and weights of norm 10: the norm whose sensitivity is the threshold
    norm = factor * LIMITS.max_sensitivity * 0.2 / 10

    assert (detect(case(seen=telemetry(grad_norm=norm)), LIMITS) is not None) is is_found


def test_norms_that_overflow_their_storage_are_critical() -> None:
    seen = telemetry(num_steps=50, grad_norm=np.inf, readings=scores({49: 0.17}))

    assert _found(case(seen=seen, num_steps=50)).severity is Severity.CRITICAL


def test_a_healthy_run_with_occasional_spikes_is_not_called_exploding() -> None:
    norms = _norms(spikes={300: 9.0, 520: 25.0, 800: 12.0})
    seen = telemetry(loss=np.geomspace(0.8, 1e-4, 1000), grad_norm=norms)

    assert detect(case(seen=seen), LIMITS) is None


def test_spikes_that_do_no_harm_are_worth_a_word() -> None:
    seen = telemetry(grad_norm=_norms(spikes=dict.fromkeys((850, 900, 950), 100.0)))

    finding = _found(case(seen=seen))

    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)
    assert "No jump of the loss followed" in finding.explanation


def test_spikes_of_a_loss_that_has_fallen_are_told_with_the_loss() -> None:
    norms = _norms(spikes=dict.fromkeys((850, 900, 950), 100.0))

    finding = _found(case(seen=telemetry(loss=np.geomspace(0.8, 1e-2, 1000), grad_norm=norms)))

    assert "below the 0.767 that it began with" in finding.explanation


def test_a_curve_that_rises_alone_is_info() -> None:
    finding = _found(case(seen=telemetry(profiles=[profile(0), profile(900, log_rise=15.0)])))

    assert finding.severity is Severity.INFO
    assert finding.state is FindingState.ACTIVE


def test_a_solved_network_whose_curve_rises_a_little_is_healthy() -> None:
    seen = telemetry(profiles=[profile(900, log_rise=float(np.log(29)))])

    assert detect(case(seen=seen), LIMITS) is None


def test_a_curve_that_rises_steeply_before_the_first_steps_predicts() -> None:
    finding = _found(case(seen=telemetry(num_steps=1, profiles=[RISING])))

    assert finding.state is FindingState.PREDICTED


def test_too_few_steps_are_not_assessed() -> None:
    assert isinstance(detect(case(seen=telemetry(num_steps=5)), LIMITS), NotAssessed)


@pytest.mark.parametrize(("after", "severity"), [(0.2, Severity.WARNING), (1.0, Severity.CRITICAL)])
def test_a_spike_after_which_the_loss_jumps_is_worse_when_it_stays_up(
    after: float, severity: Severity
) -> None:
    loss = np.full(1000, 0.2)
    loss[901:905] = 5.0
    loss[905:] = after
    loss[:20] = 0.5
    seen = telemetry(loss=loss, grad_norm=_norms(spikes={900: 500.0}))

    finding = _found(case(seen=seen))

    assert finding.state is FindingState.ACTIVE
    assert finding.severity is severity


def test_an_explosion_long_ago_is_resolved() -> None:
    norms = _norms(spikes=dict.fromkeys(range(100, 110), 1e9))

    finding = _found(case(seen=telemetry(grad_norm=norms)))

    assert finding.state is FindingState.RESOLVED
    assert (finding.first_step, finding.last_step, finding.resolved_step) == (100, 109, 110)


def test_an_explosion_that_the_latest_step_still_shows_is_not_resolved() -> None:
    norms = _norms(spikes=dict.fromkeys((100, 101, 999), 1e9))

    finding = _found(case(seen=telemetry(grad_norm=norms)))

    assert (finding.state, finding.severity) == (FindingState.ACTIVE, Severity.WARNING)
    assert (finding.first_step, finding.last_step) == (100, 999)


def test_an_explosion_in_a_few_steps_of_a_run_that_learns_does_no_harm() -> None:
    norms = _norms(spikes=dict.fromkeys(range(900, 910), 1e9))
    few = telemetry(grad_norm=norms, readings=scores({999: 0.01}))
    part = telemetry(grad_norm=norms, readings=scores({999: 0.1}))
    none = telemetry(grad_norm=norms, readings=scores({999: 0.166}))

    assert _found(case(seen=few)).severity is Severity.INFO
    assert _found(case(seen=part)).severity is Severity.WARNING
    assert _found(case(seen=none)).severity is Severity.CRITICAL


def test_a_loss_that_grows_without_end_is_critical() -> None:
    seen = telemetry(loss=np.geomspace(0.5, 1e6, 1000), grad_norm=np.geomspace(1, 1e3, 1000))

    finding = _found(case(seen=seen))

    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert "that it began with" in finding.explanation


def test_a_loss_of_rare_large_examples_is_no_explosion() -> None:
    # the first batches have none of them, and the norms stay as they are
    loss = np.full(1000, 0.01)
    loss[20:] = np.random.default_rng(5).choice([0.01, 8.0], 980, p=[0.3, 0.7])
    seen = telemetry(loss=loss, grad_norm=np.random.default_rng(5).uniform(0.05, 1.7, 1000))

    assert detect(case(seen=seen), LIMITS) is None


def _relapsed(*, spike: float, after: float, num_steps: int = 800) -> Case:
    """A loss that fell to half, a spike of the norm at step 650, and what the loss is then."""
    loss = np.full(num_steps, 1.4)
    loss[100:] = 0.7
    loss[650:] = after
    seen = telemetry(
        num_steps=num_steps, loss=loss, grad_norm=_norms(num_steps, spikes={650: spike})
    )
    return case(seen=seen, num_steps=num_steps)


def test_a_late_spike_after_which_the_loss_is_back_where_it_began_is_critical() -> None:
    finding = _found(_relapsed(spike=710.0, after=2.99))

    assert finding.state is FindingState.ACTIVE
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.first_step, finding.last_step) == (650, 650)
    assert "after 1 step" in finding.explanation
    assert "above the 1.4 that it began with" in finding.explanation
    assert finding.explanation.endswith("What it had learned is lost.")


def test_a_relapse_early_in_the_run_is_a_warning() -> None:
    given = replace(_relapsed(spike=710.0, after=2.99), num_steps=8000)

    assert _found(given).severity is Severity.WARNING


@pytest.mark.parametrize(("spike", "after"), [(710.0, 0.8), (1.0, 2.99)])
def test_without_a_spike_or_without_a_relapse_there_is_no_late_explosion(
    spike: float, after: float
) -> None:
    assert detect(_relapsed(spike=spike, after=after), LIMITS) is None


EVERY_100 = range(0, 1000, 100)


def _expansive(
    *readings: ScalarReading, log_rise: float = 8.0, lyapunov: float | None = 0.3
) -> Case:
    exponents = () if lyapunov is None else _exponents(lyapunov)
    profiles = [profile(step, log_rise=log_rise) for step in EVERY_100]
    return case(seen=telemetry(profiles=profiles, readings=(*readings, *exponents)))


def _exponents(value: float) -> tuple[ScalarReading, ...]:
    return tuple(reading("lyapunov_1", "layer:0", value, step=step) for step in EVERY_100)


def test_an_expansive_recurrence_in_a_run_that_learns_nothing_is_critical_without_spikes() -> None:
    finding = _found(_expansive(*scores({600: 0.166, 999: 0.167})))

    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.first_step, finding.last_step) == (0, 999)
    assert finding.evidence["lyapunov_exponent_nats_per_timestep"] == 0.3
    assert finding.evidence["lyapunov_interval_nats_per_timestep"] is None
    assert finding.evidence["spike_steps"] == 0
    assert "2,980 times that at lag 0. The Lyapunov exponent is 0.3." in finding.explanation


def test_an_expansive_recurrence_in_a_run_that_learns_does_no_harm() -> None:
    finding = _found(_expansive(*scores({600: 0.01, 999: 0.01})))

    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)


@pytest.mark.parametrize(
    ("log_rise", "lyapunov"), [(8.0, 0.14), (4.5, 0.3), (9.0, None), (-3.0, 0.3)]
)
def test_a_small_rise_or_a_small_exponent_is_not_expansive(
    log_rise: float, lyapunov: float | None
) -> None:
    assert detect(_expansive(log_rise=log_rise, lyapunov=lyapunov), LIMITS) is None


def _interval(low: float, high: float, *, layer: int = 0) -> tuple[ScalarReading, ...]:
    return tuple(
        reading(f"lyapunov_1.{end}", f"layer:{layer}", value, step=step)
        for step in EVERY_100
        for end, value in (("low", low), ("high", high))
    )


def test_the_interval_of_the_exponent_is_evidence() -> None:
    others = (*_interval(-0.9, 0.9, layer=1), reading("lyapunov_1", "layer:1", 0.1, step=900))

    finding = _found(_expansive(*_interval(0.2, 0.4), *others, *scores({600: 0.166, 999: 0.167})))

    assert finding.evidence["lyapunov_interval_nats_per_timestep"] == [0.2, 0.4]


def test_an_exponent_whose_interval_holds_zero_is_not_expansive() -> None:
    assert detect(_expansive(*_interval(-0.1, 0.7)), LIMITS) is None


def test_without_an_exponent_the_rise_alone_must_be_large() -> None:
    finding = _found(_expansive(log_rise=700.0, lyapunov=None))

    assert finding.severity is Severity.WARNING
    assert finding.explanation.startswith("The gradient grows with the lag, to 1e304 times")


def test_a_gradient_that_overflows_at_the_first_step_is_critical() -> None:
    seen = telemetry(
        num_steps=2,
        loss=[0.98, np.nan],
        grad_norm=[np.nan, np.nan],
        weight_norm=None,
        profiles=[profile(0, log_rise=150.0)],
    )

    finding = _found(case(seen=seen))

    assert finding.severity is Severity.CRITICAL
    assert "largest number" in finding.explanation
