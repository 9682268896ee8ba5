"""A gradient too large to follow."""

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.exploding_gradient import detect
from app.domain.diagnosis.explosions import ExplodingThresholds
from app.domain.diagnosis.findings import Finding, FindingState, Impact, NotAssessed, Severity
from app.domain.telemetry import DoubleArray
from tests.domain.builders import case, profile, scores, telemetry

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
        num_steps=600, loss=np.linspace(1.2, 0.3, 600), grad_norm=norms, profiles=[RISING]
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
    seen = telemetry(num_steps=50, grad_norm=np.inf)

    assert _found(case(seen=seen, num_steps=50)).severity is Severity.CRITICAL


def test_a_healthy_run_with_occasional_spikes_is_not_called_exploding() -> None:
    norms = _norms(spikes={300: 9.0, 520: 25.0, 800: 12.0})
    seen = telemetry(loss=np.geomspace(0.8, 1e-4, 1000), grad_norm=norms)

    assert detect(case(seen=seen), LIMITS) is None


def test_spikes_that_do_no_harm_are_worth_a_word() -> None:
    seen = telemetry(grad_norm=_norms(spikes=dict.fromkeys((850, 900, 950), 100.0)))

    finding = _found(case(seen=seen))

    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)


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
    many = telemetry(grad_norm=norms, readings=scores({999: 0.166}))

    assert _found(case(seen=few)).severity is Severity.INFO
    assert _found(case(seen=many)).severity is Severity.WARNING


def test_a_loss_that_grows_without_end_is_critical() -> None:
    seen = telemetry(loss=np.geomspace(0.5, 1e6, 1000), grad_norm=np.geomspace(1, 1e3, 1000))

    finding = _found(case(seen=seen))

    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert "began with" in finding.explanation


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
