"""NaN and infinity, and where they began."""

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.non_finite import NonFiniteThresholds, detect
from app.domain.diagnosis.findings import Finding, FindingState, Severity
from app.domain.runs import StopReason
from app.domain.telemetry import ScalarReading
from tests.domain.builders import case, job, profile, reading, telemetry

LIMITS = NonFiniteThresholds()

NAN = float("nan")


def _found(given: Case) -> Finding:
    outcome = detect(given, LIMITS)
    assert isinstance(outcome, Finding)
    return outcome


def _origin(where: int, *, step: int = 1, scope: str = "layer:0") -> list[ScalarReading]:
    values = (("where", where), ("timestep", 37), ("batch_row", 4), ("batch_row", 9))
    return [reading(f"non_finite.{name}", scope, value, step=step) for name, value in values]


def test_a_finite_run_has_no_finding() -> None:
    assert detect(case(), LIMITS) is None


def test_a_run_that_is_nan_at_its_second_step_is_critical_and_says_where_it_began() -> None:
    seen = telemetry(
        num_steps=2,
        loss=[0.98, NAN],
        grad_norm=[4.0, NAN],
        readings=_origin(3),
        profiles=[profile(0, log_rise=150.0)],
    )

    finding = _found(case(seen=seen, stop_reason=StopReason.DIVERGED))

    assert (finding.state, finding.severity) == (FindingState.ACTIVE, Severity.CRITICAL)
    assert str(finding.scope) == "layer:0"
    assert finding.evidence["where"] == "backward"
    assert finding.evidence["scope"] == "layer:0"
    assert finding.evidence["timestep"] == 37
    assert finding.evidence["batch_rows"] == [4, 9]
    assert finding.evidence["last_finite_step"] == 0
    assert finding.evidence["last_finite_loss"] == pytest.approx(0.98)
    assert "at timestep 37" in finding.explanation
    assert "2 sequences" in finding.explanation


def test_a_first_step_that_is_bad_has_no_finite_one_before_it() -> None:
    seen = telemetry(num_steps=1, loss=NAN, readings=_origin(0, step=0))

    finding = _found(case(seen=seen))

    assert finding.evidence["last_finite_step"] is None


@pytest.mark.parametrize(
    ("loss", "grad_norm", "where"),
    [([0.5, 0.5], [1, NAN], "backward"), ([0.5, NAN], [1, 1], "loss")],
)
def test_without_the_workers_word_the_telemetry_tells(
    loss: list[float], grad_norm: list[float], where: str
) -> None:
    seen = telemetry(num_steps=2, loss=loss, grad_norm=grad_norm)

    finding = _found(case(seen=seen))

    assert finding.evidence["where"] == where
    assert finding.evidence["last_finite_step"] == 0
    assert "in the" in finding.explanation


def test_a_step_of_the_very_beginning_has_none_before_it() -> None:
    finding = _found(case(seen=telemetry(num_steps=1, loss=NAN)))

    assert finding.evidence["last_finite_step"] is None
    assert finding.evidence["last_finite_loss"] is None


def test_weights_that_diverged_without_a_bad_step_are_found_too() -> None:
    finding = _found(case(stop_reason=StopReason.DIVERGED))

    assert (finding.state, finding.first_step) == (FindingState.ACTIVE, 999)


@pytest.mark.parametrize(("num_after", "state"), [(50, "active"), (150, "resolved")])
def test_a_run_that_skips_bad_steps_gets_over_them(num_after: int, state: str) -> None:
    grad_norm = np.full(100 + num_after, 0.3)
    grad_norm[99] = NAN
    spec = job(training={"on_instability": "skip_step"})
    seen = telemetry(num_steps=100 + num_after, grad_norm=grad_norm)

    finding = _found(case(spec=spec, seen=seen))

    assert finding.state == state
    assert finding.severity is not Severity.CRITICAL
    assert finding.resolved_step == (100 if state == "resolved" else None)


def test_entries_that_are_not_finite_count_although_the_norm_is() -> None:
    seen = telemetry(num_steps=3)
    scalars = {**seen.scalars, "non_finite_count": np.array([0, 5, 0], dtype=np.float32)}
    counted = type(seen)(steps_n=seen.steps_n, scalars=scalars)

    assert _found(case(seen=counted)).first_step == 1


def test_without_scalars_there_is_nothing_to_find() -> None:
    bare = type(telemetry())(steps_n=np.arange(3, dtype=np.int32), scalars={})

    assert detect(case(seen=bare), LIMITS) is None
