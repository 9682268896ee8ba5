"""Why a gradient is too large, or not finite."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import Cause
from app.domain.telemetry import LagProfile, ScalarReading
from tests.domain.builders import case, job, profile, reading, telemetry
from tests.domain.diagnosis.causes.judged import cause_of

#: The orthogonal start of the default spec has radius 1, this one has none.
NO_RADIUS: JsonValue = {"recurrent": {"kind": "xavier_uniform"}}


def _too_large(
    *readings: ScalarReading,
    profiles: tuple[LagProfile, ...] = (),
    update_ratio: float = 1e-3,
    **spec: JsonValue,
) -> Case:
    """A run whose gradient is too large at every step."""
    seen = telemetry(grad_norm=1e9, profiles=profiles, readings=readings, update_ratio=update_ratio)
    return case(spec=job(**spec), seen=seen)


@pytest.mark.parametrize(
    ("given", "evidence"),
    [
        (
            _too_large(
                reading("spectral_radius", "layer:0", 0.7), profiles=(profile(0, log_rise=10.0),)
            ),
            {"spectral_radius": 0.7, "log10_gradient_ratio_at_longest_lag": 10 / math.log(10)},
        ),
        (
            _too_large(reading("spectral_radius", "layer:0", 1.1), init=NO_RADIUS),
            {"spectral_radius": 1.1, "log10_gradient_ratio_at_longest_lag": None},
        ),
        (
            _too_large(init={"recurrent": {"kind": "spectral_radius", "radius": 3.0}}),
            {"log10_gradient_ratio_at_longest_lag": None},
        ),
        (
            _too_large(init={"recurrent": {"kind": "orthogonal", "gain": 1.1}}),
            {"log10_gradient_ratio_at_longest_lag": None},
        ),
        (
            _too_large(init={"recurrent": {"kind": "identity", "gain": 1.1}}),
            {"log10_gradient_ratio_at_longest_lag": None},
        ),
    ],
)
def test_a_large_gradient_is_explained_by_a_recurrence_that_expands(
    given: Case, evidence: dict[str, JsonValue]
) -> None:
    cause = cause_of("exploding_gradient", given)

    assert cause
    assert cause.code == "expansive_recurrence"
    assert cause.evidence == pytest.approx(evidence)


@pytest.mark.parametrize(
    "given",
    [
        _too_large(update_ratio=1.0),
        _too_large(
            update_ratio=1.0,
            profiles=(profile(0, log_rise=math.log(99)),),
            init={"recurrent": {"kind": "spectral_radius", "radius": 3.0}},
        ),
        _too_large(reading("spectral_radius", "layer:0", 0.9), update_ratio=1.0),
    ],
)
def test_where_the_recurrence_does_not_expand_large_updates_are_the_cause(given: Case) -> None:
    cause = cause_of("exploding_gradient", given)

    assert cause == Cause(code="learning_rate_too_high", evidence={"update_ratio": 1.0})


@pytest.mark.parametrize(("rise", "is_cause"), [(99.0, False), (101.0, True)])
def test_a_curve_that_rises_a_hundredfold_is_a_recurrence_that_expands(
    rise: float, *, is_cause: bool
) -> None:
    cause = cause_of(
        "exploding_gradient", _too_large(profiles=(profile(0, log_rise=math.log(rise)),))
    )

    assert (cause is not None) is is_cause


def test_a_cause_that_was_not_seen_is_not_made_up() -> None:
    assert cause_of("exploding_gradient", _too_large(init=NO_RADIUS)) is None


def test_the_same_causes_explain_a_gradient_that_clipping_hides() -> None:
    seen = telemetry(grad_norm=1e21, clip_coefficient=1e-21, update_ratio=1.0)

    cause = cause_of("clipping_masks_explosion", case(seen=seen))

    assert cause
    assert cause.code == "learning_rate_too_high"


@pytest.mark.parametrize(
    ("where", "code"), [(0, "non_finite_input"), (1, "expansive_recurrence"), (9, None)]
)
def test_data_that_are_not_finite_come_before_all_else(where: int, code: str | None) -> None:
    readings = [
        reading("non_finite.where", "model", where, step=1),
        reading("non_finite.batch_row", "model", 4, step=1),
    ]
    rises = (profile(0, log_rise=150.0),) if where < 9 else ()
    seen = telemetry(num_steps=2, loss=[1.0, math.nan], readings=readings, profiles=rises)

    cause = cause_of("non_finite", case(seen=seen))

    assert (cause.code if cause else None) == code
    if code == "non_finite_input":
        assert cause
        assert cause.evidence == {"batch_rows": [4]}


def test_updates_of_the_size_of_the_weights_explain_a_loss_that_overflows() -> None:
    seen = telemetry(num_steps=3, loss=[0.5, 1e30, np.inf], update_ratio=1e18)

    cause = cause_of("non_finite", case(seen=seen))

    assert cause
    assert cause.code == "learning_rate_too_high"


def test_a_curve_without_a_finite_start_does_not_rise() -> None:
    curve = replace(profile(0, log_rise=150.0), log_norm_T=np.array([np.nan, 150.0]))
    curve = replace(curve, num_anchors_T=np.array([8, 8], dtype=np.int32))

    assert cause_of("exploding_gradient", _too_large(profiles=(curve,), init=NO_RADIUS)) is None


def test_lags_that_no_sequence_has_are_no_end_of_the_curve() -> None:
    rising = profile(0, log_rise=150.0)
    counts_T = rising.num_anchors_T.copy()
    counts_T[2:] = 0
    cut = replace(rising, num_anchors_T=counts_T)

    cause = cause_of("exploding_gradient", _too_large(profiles=(cut,), init=NO_RADIUS))

    # one lag of 199 rises by less than a hundredfold
    assert cause is None
