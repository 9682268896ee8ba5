"""Steps that are too short, and what looks like them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.learning_rate_too_low import RateTooLowThresholds, detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from app.domain.runs import StopReason
from app.domain.telemetry import Telemetry
from tests.domain.builders import case, job, probe_readings, scores, telemetry

LIMITS = RateTooLowThresholds()
ADAM: Mapping[str, JsonValue] = {"kind": "adam"}


def _seen(
    *,
    fresh: float = 30.0,
    own: float = 30.0,
    gain: float = 1e-3,
    update_ratio: float = 1e-4,
    clip_coefficient: float = 1.0,
    train: float = 0.16,
    num_probes: int = 8,
) -> Telemetry:
    return telemetry(
        update_ratio=update_ratio,
        clip_coefficient=clip_coefficient,
        readings=(
            *probe_readings("best_step_factor", [3.0] + [fresh] * (num_probes - 1)),
            *probe_readings("best_step_factor_of_batch", [own] * num_probes),
            *probe_readings("step_gain", [gain] * num_probes),
            *scores({999: train}, split="train"),
            *scores({999: 0.166}),
        ),
    )


def _run(optimizer: Mapping[str, JsonValue] = ADAM, **seen: Any) -> Case:
    return case(spec=job(optimizer=dict(optimizer)), seen=_seen(**seen))


def test_short_steps_that_hardly_move_the_weights_are_found() -> None:
    finding = detect(_run(), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.first_step == 200
    assert finding.evidence["update_ratio_mean"] == pytest.approx(1e-4)
    assert "30 times the update" in finding.explanation


def test_steps_too_small_to_be_probed_are_found_by_their_size() -> None:
    ratios = np.full(1000, 1e-3)
    ratios[400:] = 1e-7
    seen = _seen(fresh=0.0, gain=0.0)
    scalars = {**seen.scalars, "update_ratio": ratios.astype(np.float32)}

    finding = detect(case(seen=replace(seen, scalars=scalars)), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.first_step == 400
    assert "a median of 1e-7 of their " in finding.explanation


def test_steps_over_which_the_loss_is_straight_are_found_although_noise_decides() -> None:
    seen = _seen(gain=-1e-6)
    fresh = probe_readings("best_step_factor", [0.0, 30.0, 30.0, 0.0, 0.0, 30.0, 0.0, 0.0])
    others = [one for one in seen.scalar_readings if one.quantity != "best_step_factor"]

    finding = detect(case(seen=replace(seen, scalar_readings=(*others, *fresh))), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.first_step == 0
    assert "a straight line far beyond them" in finding.explanation


def test_steps_that_were_always_too_small_are_found_from_the_first_one_on() -> None:
    finding = detect(_run(fresh=0.0, gain=0.0, update_ratio=1e-7), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.first_step == 0


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run(fresh=2.0, update_ratio=8e-4), id="longer steps"),
        pytest.param(_run(fresh=2.0), id="steps of the right length"),
        pytest.param(_run(own=1.0), id="a longer step helps one batch by chance"),
        pytest.param(_run(gain=-1e-3), id="an expansion"),
        pytest.param(_run(update_ratio=1e-2), id="weights that moved far"),
        pytest.param(_run(train=0.001), id="learned"),
        pytest.param(_run({"kind": "sgd"}, clip_coefficient=1e-3), id="clipping"),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


@pytest.mark.parametrize(("zero_share", "is_found"), [(1.0, False), (0.6, True)])
def test_units_without_a_gradient_are_another_illness(zero_share: float, *, is_found: bool) -> None:
    seen = _seen()
    zeros = np.full((1000, 1), zero_share, dtype=np.float32)
    judged = case(seen=replace(seen, tensors={**seen.tensors, "zero_fraction": zeros}))

    assert isinstance(detect(judged, LIMITS), Finding) is is_found


def test_weights_that_are_not_finite_do_not_move_for_another_reason() -> None:
    broken = replace(
        _seen(update_ratio=0.0),
        scalars={
            **_seen(update_ratio=0.0).scalars,
            "loss": np.full(1000, np.nan, dtype=np.float32),
        },
    )

    assert detect(case(seen=broken, stop_reason=StopReason.DIVERGED), LIMITS) is None


def test_a_tensor_list_without_matrices_has_no_dead_units() -> None:
    seen = _seen()
    zeros = np.ones((1000, 1), dtype=np.float32)
    tensors = {**seen.tensors, "zero_fraction": zeros}
    judged = case(seen=replace(seen, tensors=tensors, tensor_names=("readout.bias",)))

    assert isinstance(detect(judged, LIMITS), Finding)


@pytest.mark.parametrize(("stop_reason", "is_found"), [(None, False), (StopReason.COMPLETED, True)])
def test_a_warm_up_is_waited_for_until_the_run_ends(
    stop_reason: StopReason | None, *, is_found: bool
) -> None:
    schedule: JsonValue = {"kind": "warmup", "warmup_steps": 4000}
    spec = job(optimizer={"kind": "adam", "schedule": schedule}, training={"num_steps": 4000})
    judged = case(spec=spec, seen=_seen(), num_steps=4000, stop_reason=stop_reason)

    outcome = detect(judged, LIMITS)

    assert isinstance(outcome, Finding if is_found else NotAssessed)


def test_few_probes_are_not_assessed() -> None:
    assert isinstance(detect(_run(num_probes=2), LIMITS), NotAssessed)
