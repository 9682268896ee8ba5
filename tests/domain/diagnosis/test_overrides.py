"""Overriding thresholds by query."""

import math

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.explosions import ExplodingThresholds
from app.domain.diagnosis.overrides import THRESHOLDS, parse_overrides
from app.domain.diagnosis.reach import VanishingThresholds
from app.domain.diagnosis.thresholds import DEFAULT
from app.domain.errors import InvalidInput
from app.domain.runs import StopReason
from tests.domain.builders import case, profile, scores, telemetry

#: Healthy, clipped and vanishing, exploding, diverged.
CASES = (
    case(seen=telemetry(profiles=[profile(step) for step in (0, 300, 600, 900)])),
    case(
        seen=telemetry(
            clip_coefficient=1e-3,
            grad_norm=1e3,
            readings=scores({0: 0.3, 500: 0.3, 999: 0.3}),
            profiles=[profile(step, log_rise=-60.0) for step in (0, 300, 600, 900)],
        ),
        stop_reason=StopReason.COMPLETED,
    ),
    case(seen=telemetry(grad_norm=1e22, profiles=[profile(0, log_rise=60.0)])),
    case(
        seen=telemetry(num_steps=30, loss=[*[1.0] * 29, math.nan], grad_norm=np.inf), num_steps=30
    ),
)


def test_every_threshold_can_be_overridden_by_its_own_default() -> None:
    assert parse_overrides({name: str(one.default) for name, one in THRESHOLDS.items()}) == DEFAULT


def test_an_override_changes_that_threshold_alone() -> None:
    moved = parse_overrides(
        {"vanishing_gradient.max_ratio": "0.05", "vanishing_gradient.min_probes": "5"}
    )

    assert moved.of(VanishingThresholds) == VanishingThresholds(max_ratio=0.05, min_probes=5)
    assert moved.of(ExplodingThresholds) == ExplodingThresholds()


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("vanishing_gradient.max", "1", "unknown_threshold"),
        ("max_ratio", "1", "unknown_threshold"),
        ("vanishing_gradient.max_ratio", "much", "not_a_number"),
        ("vanishing_gradient.max_ratio", "nan", "not_a_number"),
        ("vanishing_gradient.max_ratio", "1e400", "not_a_number"),
        ("vanishing_gradient.max_ratio", "-1", "out_of_range"),
        ("vanishing_gradient.min_probes", "2.5", "not_a_number"),
        ("vanishing_gradient.min_probes", "9" * 400, "out_of_range"),
        ("vanishing_gradient.min_probes", "9" * 5000, "not_a_number"),
        ("vanishing_gradient.min_probes", "0", "out_of_range"),
    ],
)
def test_a_bad_override_is_named(name: str, text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_overrides({name: text})

    assert [(p.pointer, p.code) for p in caught.value.problems] == [(f"query/{name}", code)]


def test_all_bad_overrides_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_overrides({"a": "1", "b": "2"})

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("given", CASES)
@pytest.mark.parametrize("end", [0, 1])
def test_thresholds_at_their_bounds_break_no_diagnosis(given: Case, end: int) -> None:
    extremes = {name: f"{(one.high if end else one.low):.0f}" for name, one in THRESHOLDS.items()}

    diagnoses = [diagnose(given, parse_overrides({name: extremes[name]})) for name in THRESHOLDS]

    assert all(one.summary for one in (*diagnoses, diagnose(given, parse_overrides(extremes))))
