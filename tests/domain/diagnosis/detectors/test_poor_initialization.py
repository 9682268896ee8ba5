"""Weights that could not learn from the start on."""

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.poor_initialization import CARD
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from app.domain.telemetry import LagProfile, ScalarReading
from tests.domain.builders import case, job, profile, reading, scores, telemetry

FLAT = scores({600: 0.166, 800: 0.167, 999: 0.166})
LEARNED = scores({600: 0.05, 800: 0.04, 999: 0.03})
EVERY_50 = range(0, 1000, 50)


def _reaching() -> list[LagProfile]:
    return [profile(step, ratio=0.5, horizon=199, decay_rate=0.0) for step in EVERY_50]


def _case(
    *readings: ScalarReading,
    profiles: list[LagProfile] | None = None,
    outcome: tuple[ScalarReading, ...] = FLAT,
    num_steps: int = 1000,
) -> Case:
    seen = telemetry(
        num_steps=num_steps,
        readings=(*outcome, *readings),
        profiles=_reaching() if profiles is None else profiles,
    )
    return case(spec=job(model={"kind": "gru"}), seen=seen)


def _found(given: Case) -> Finding:
    outcome = CARD.examine(given)
    assert isinstance(outcome, Finding)
    return outcome


def _read(quantity: str, scope: str, value: float) -> tuple[ScalarReading, ...]:
    return tuple(reading(quantity, scope, value, step=step) for step in EVERY_50)


@pytest.mark.parametrize(
    ("quantity", "scope", "value", "words"),
    [
        ("saturated_fraction", "gate:0/new", 0.9, "gates are saturated"),
        ("saturated_fraction", "layer:0", 0.6, "units are saturated"),
        ("dead_fraction", "layer:0", 1.0, "units are dead"),
    ],
)
def test_units_that_cannot_respond_from_step_0_on_are_a_poor_start(
    quantity: str, scope: str, value: float, words: str
) -> None:
    finding = _found(_case(*_read(quantity, scope, value)))

    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.first_step, finding.last_step) == (0, 999)
    assert finding.evidence == {f"{quantity}_at_step_0": value}
    assert words in finding.explanation


def test_a_recurrence_that_shrinks_the_gradient_far_too_much_is_a_poor_start() -> None:
    finding = _found(_case(profiles=[profile(step, ratio=1e-5) for step in EVERY_50]))

    assert finding.evidence == {"gradient_ratio_at_step_0": 1e-5}
    assert "shrinks" in finding.explanation


def test_a_reach_that_grows_is_no_poor_start() -> None:
    profiles = [profile(step, ratio=1e-5, horizon=10 + step // 20) for step in EVERY_50]

    assert CARD.examine(_case(profiles=profiles)) is None


def test_a_recurrence_that_enlarges_the_gradient_is_a_poor_start() -> None:
    rising = [profile(step, ratio=0.5, log_rise=8.0) for step in EVERY_50]

    finding = _found(_case(*_read("lyapunov_1", "layer:0", 0.4), profiles=rising))

    assert finding.evidence["log_gradient_rise_at_step_0"] == pytest.approx(8.0)


def test_a_start_that_training_mends_soon_is_not_poor() -> None:
    early = [reading("dead_fraction", "layer:0", 1.0, step=step) for step in (0, 50)]
    later = reading("dead_fraction", "layer:0", 0.1, step=100)

    assert CARD.examine(_case(*early, later)) is None


def test_what_shows_only_later_is_not_the_start() -> None:
    readings = _read("dead_fraction", "layer:0", 1.0)

    assert CARD.examine(_case(*readings[1:])) is None


@pytest.mark.parametrize(
    ("outcome", "num_steps"), [(LEARNED, 1000), (scores({300: 0.166}), 400), ((), 400)]
)
def test_a_run_that_learns_or_is_early_has_no_poor_start(
    outcome: tuple[ScalarReading, ...], num_steps: int
) -> None:
    dead = [one for one in _read("dead_fraction", "layer:0", 1.0) if one.step < num_steps]
    profiles = [one for one in _reaching() if one.step < num_steps]

    given = _case(*dead, outcome=outcome, num_steps=num_steps, profiles=profiles)

    assert CARD.examine(given) is None


def test_without_probes_it_is_not_assessed() -> None:
    assert isinstance(CARD.examine(_case(profiles=[])), NotAssessed)
