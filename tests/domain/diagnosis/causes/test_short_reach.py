"""Why a gradient does not reach the required lag."""

import math
from typing import Any

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Cause, FindingState
from app.domain.runs import StopReason
from app.domain.telemetry import LagProfile, ScalarReading
from tests.domain.builders import case, job, profile, reading, scores, telemetry
from tests.domain.diagnosis.causes.judged import cause_of, finding_of

FLAT = scores({600: 0.166, 800: 0.167, 999: 0.166})
EVERY_50 = range(0, 1000, 50)
SHORT = tuple(profile(step) for step in EVERY_50)
SATURATED = reading("saturated_fraction", "layer:0", 0.8)
HALF_CLOSED = reading("gate_mean", "gate:0/forget", 0.5)
HALF_OPEN = reading("gate_mean", "gate:0/update", 0.5)


def _short_reach(
    *readings: ScalarReading,
    profiles: tuple[LagProfile, ...] = SHORT,
    **spec: JsonValue,
) -> Case:
    """A run of 1000 steps that never learns and does not reach the required lag of 199."""
    seen = telemetry(profiles=profiles, readings=(*readings, *FLAT))
    return case(spec=job(**spec), seen=seen, stop_reason=StopReason.COMPLETED)


@pytest.mark.parametrize(
    ("given", "code", "evidence"),
    [
        (
            _short_reach(training={"bptt_length": 20}),
            "truncated_backpropagation",
            {"bptt_length_timesteps": 20},
        ),
        (
            _short_reach(HALF_CLOSED, model={"kind": "lstm"}),
            "closed_forget_gate",
            {"forget_gate_mean": 0.5},
        ),
        (
            _short_reach(HALF_OPEN, model={"kind": "gru"}),
            "open_update_gate",
            {"update_gate_mean": 0.5},
        ),
        (_short_reach(SATURATED), "saturated_cell", {"saturated_fraction": 0.8}),
        (
            _short_reach(
                reading("spectral_radius", "layer:0", 0.7), reading("sigma_max", "layer:0", 0.9)
            ),
            "contractive_recurrence",
            {"spectral_radius": 0.7, "sigma_max": 0.9, "decay_rate_nats_per_timestep": -0.2},
        ),
        (
            _short_reach(profiles=tuple(profile(s, decay_rate=math.nan) for s in EVERY_50)),
            "contractive_recurrence",
            {"decay_rate_nats_per_timestep": None},
        ),
    ],
)
def test_a_short_reach_is_explained(given: Case, code: str, evidence: dict[str, JsonValue]) -> None:
    assert cause_of("vanishing_gradient", given) == Cause(code=code, evidence=evidence)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"training": {"bptt_length": 20}}, "truncated_backpropagation"),
        ({}, "closed_forget_gate"),
        ({"model": {"kind": "gru"}}, "saturated_cell"),
    ],
)
def test_truncation_comes_before_gates_and_gates_before_activations(
    changes: dict[str, Any], code: str
) -> None:
    given = _short_reach(HALF_CLOSED, SATURATED, **{"model": {"kind": "lstm"}, **changes})

    cause = cause_of("vanishing_gradient", given)

    assert cause
    assert cause.code == code


@pytest.mark.parametrize("length", [199, 200])
def test_a_truncation_counts_up_to_the_required_lag(length: int) -> None:
    cause = cause_of("vanishing_gradient", _short_reach(training={"bptt_length": length}))

    assert cause
    assert (cause.code == "truncated_backpropagation") is (length == 199)


# to the power of the lag, 199, the first is below the threshold of 0.01 and the second is not
@pytest.mark.parametrize(("mean", "is_cause"), [(0.977, True), (0.978, False)])
@pytest.mark.parametrize(
    ("cell", "gate", "code"),
    [("lstm", "forget", "closed_forget_gate"), ("gru", "update", "open_update_gate")],
)
def test_a_gate_is_the_cause_when_it_alone_makes_the_reach_short(
    cell: str, gate: str, code: str, mean: float, *, is_cause: bool
) -> None:
    layers = (
        reading("gate_mean", f"gate:0/{gate}", 0.1),
        reading("gate_mean", f"gate:1/{gate}", mean),
    )

    cause = cause_of("vanishing_gradient", _short_reach(*layers, model={"kind": cell}))

    assert cause
    assert (cause.code == code) is is_cause


def test_an_override_moves_what_a_gate_must_let_through() -> None:
    given = _short_reach(reading("gate_mean", "gate:0/forget", 0.978), model={"kind": "lstm"})

    cause = cause_of("vanishing_gradient", given, vanishing_gradient__max_ratio="0.02")

    assert cause
    assert cause.code == "closed_forget_gate"


@pytest.mark.parametrize(("lowest", "is_cause"), [(0.5, True), (0.49, False)])
def test_a_cell_is_saturated_when_each_layer_is(lowest: float, *, is_cause: bool) -> None:
    other = reading("saturated_fraction", "layer:1", lowest)

    cause = cause_of("vanishing_gradient", _short_reach(SATURATED, other))

    assert cause
    assert (cause.code == "saturated_cell") is is_cause


def test_a_reading_of_the_whole_layer_stands_before_those_of_its_gates() -> None:
    readings = (
        reading("spectral_radius", "layer:0", 0.7),
        reading("spectral_radius", "layer:1", 0.8),
        reading("spectral_radius", "gate:0/forget", 3.0),
        reading("sigma_max", "gate:0/forget", 1.5),
    )

    cause = cause_of("vanishing_gradient", _short_reach(*readings))

    assert cause
    assert (cause.evidence["spectral_radius"], cause.evidence["sigma_max"]) == (0.8, 1.5)


def test_a_prognosis_has_a_cause_too() -> None:
    seen = telemetry(num_steps=10, profiles=[profile(0)], readings=[SATURATED])

    finding = finding_of("vanishing_gradient", case(seen=seen))

    assert finding.state is FindingState.PREDICTED
    assert finding.cause
    assert finding.cause.code == "saturated_cell"


@pytest.mark.parametrize("last", [0.5, 1e-20])
def test_a_reach_that_was_short_has_no_cause(last: float) -> None:
    ratios = [1e-20] * 10 + [0.5] * 9 + [last]
    profiles = tuple(profile(s, ratio=r) for s, r in zip(EVERY_50, ratios, strict=True))

    finding = finding_of("vanishing_gradient", _short_reach(SATURATED, profiles=profiles))

    assert (finding.state, finding.cause) == (FindingState.RESOLVED, None)
