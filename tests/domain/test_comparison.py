"""Specs side by side: what differs, what it changes, and which is better."""

import math

import pytest
from pydantic import JsonValue

from app.domain.comparison import (
    COMPARED_SCALARS,
    HORIZON,
    RATIO,
    Measured,
    comparison_spec,
    figures_of,
    ranked,
    spec_differences,
)
from app.domain.dynamics import DYNAMICS
from app.domain.quantities import LAG_PROFILE
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import patched
from tests.domain.builders import job


def arm(*, horizon: float | None = None, ratio: float | None = None) -> Measured:
    found = {(HORIZON, "model"): horizon, (RATIO, "model"): ratio}
    return {key: value for key, value in found.items() if value is not None}


def test_what_is_laid_side_by_side_is_what_probes_read() -> None:
    assert {quantity.name for quantity in DYNAMICS} >= COMPARED_SCALARS
    assert {HORIZON, RATIO} <= set(LAG_PROFILE)


def test_labels_are_no_difference() -> None:
    base = job(name="one", tags=["a"])

    assert spec_differences(base, job(name="two", notes="other")) == ()


def test_a_change_of_kind_is_told_value_by_value() -> None:
    base = job()
    other = patched(base, {"optimizer": {"kind": "sgd", "momentum": 0.9}})

    found = {one.pointer: (one.base, one.arm) for one in spec_differences(base, other)}

    assert found["/optimizer/kind"] == ("adam", "sgd")
    assert found["/optimizer/momentum"] == (None, 0.9)


@pytest.mark.parametrize(
    ("probes", "tier", "quantities"),
    [
        ({}, "standard", None),
        ({"tier": "off"}, "standard", None),
        ({"tier": "full"}, "full", None),
        ({"quantities": ["sum_rule"]}, "standard", ["sum_rule", "lyapunov_exponents"]),
        (
            {"quantities": [{"name": "lyapunov_exponents", "every": 5}]},
            "standard",
            [{"name": "lyapunov_exponents", "every": 5}, "sum_rule"],
        ),
    ],
)
def test_every_arm_measures_what_is_compared(
    probes: JsonValue, tier: str, quantities: JsonValue
) -> None:
    asked = comparison_spec(job(probes=probes)).probes

    dumped = asked.model_dump(mode="json")
    assert (dumped["tier"], dumped["quantities"]) == (tier, quantities)


def test_there_is_room_for_what_is_compared_however_much_is_named() -> None:
    paced: JsonValue = {"name": "sigma_max", "every": 5}

    asked = comparison_spec(job(probes={"quantities": ["sigma_max", *[paced] * 39]}))

    assert asked.probes.quantities == ("sigma_max", "lyapunov_exponents", "sum_rule")
    assert JobSpec.model_validate(asked.model_dump(mode="json")) == asked


def test_a_figure_stands_beside_that_of_the_base() -> None:
    base = {**arm(horizon=10, ratio=0.0), ("lyapunov_1", "layer:0"): -0.5}
    other = {**arm(horizon=25, ratio=0.1), ("lyapunov_1", "layer:0"): -0.25, ("new", "model"): 1.0}

    horizon, ratio, exponent, new = figures_of(other, base)

    assert (horizon.difference, horizon.factor, horizon.unit) == (15, 2.5, "timesteps")
    assert (ratio.difference, ratio.factor) == (0.1, None)
    assert (exponent.difference, exponent.factor) == (0.25, None)
    assert (new.base, new.difference, new.factor) == (None, None, None)


def test_the_gradient_that_is_nearest_to_that_at_lag_zero_is_the_best() -> None:
    ratios = (1e-3, 50.0, 0.5, 0.0, math.inf)
    arms = [arm(horizon=1, ratio=ratio) for ratio in ratios]

    assert ranked(arms) == ("gradient_ratio_at_required_lag", (2, 1, 0, 3, 4))


def test_without_a_ratio_in_every_arm_the_horizons_decide() -> None:
    arms = [arm(horizon=5, ratio=0.1), None, arm(horizon=40), arm(horizon=9, ratio=0.9)]

    assert ranked(arms) == ("gradient_horizon", (2, 3, 0))


@pytest.mark.parametrize("arms", [[], [None], [{}], [arm(horizon=3), {}]])
def test_what_was_not_measured_in_every_arm_ranks_nothing(arms: list[Measured | None]) -> None:
    assert ranked(arms) == (None, ())
