"""Clipping that shortens every step."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.clipping import ClippingAlwaysThresholds
from app.domain.diagnosis.detectors.clipping_always import detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from app.domain.telemetry import DoubleArray
from tests.domain.builders import case, job, probe_readings, scores, telemetry

LIMITS = ClippingAlwaysThresholds()
SGD: Mapping[str, JsonValue] = {"kind": "sgd"}
ADAM: Mapping[str, JsonValue] = {"kind": "adam"}


def _run(
    optimizer: Mapping[str, JsonValue],
    *,
    coefficient: DoubleArray | float = 1e-3,
    factor: float = 30.0,
    room: float | None = None,
    train: float = 0.16,
    update_ratio: float = 1e-4,
    max_norm: float | None = 1e-4,
) -> Case:
    rooms: Sequence[float] = () if room is None else [room] * 5
    seen = telemetry(
        clip_coefficient=coefficient,
        update_ratio=update_ratio,
        readings=(
            *probe_readings("best_step_factor", [factor] * 5),
            *probe_readings("second_moment_over_eps", rooms),
            *scores({999: train}, split="train"),
            *scores({999: 0.166}),
        ),
    )
    clipping: dict[str, JsonValue] = {"kind": "none"}
    if max_norm is not None:
        clipping = {"kind": "norm", "max_norm": max_norm}
    return case(spec=job(optimizer=dict(optimizer), clipping=clipping), seen=seen)


def test_a_tight_clip_under_plain_gradient_descent_is_found() -> None:
    finding = detect(_run(SGD), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.first_step == 0
    assert finding.evidence["clip_coefficient_median"] == pytest.approx(1e-3)


def test_a_clip_down_to_the_eps_of_adam_is_found() -> None:
    finding = detect(_run(ADAM, room=0.3), LIMITS)

    assert isinstance(finding, Finding)
    assert "0.3 times the optimizer's eps" in finding.explanation


def test_it_is_found_from_the_first_of_the_clipped_steps_on() -> None:
    coefficients = np.full(1000, 1e-3)
    coefficients[:300] = 1.0

    finding = detect(_run(SGD, coefficient=coefficients), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.first_step == 300


SOMETIMES = np.where(np.arange(1000) % 10, 1e-3, 1.0)


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run(ADAM, room=1e4), id="a constant factor does nothing to Adam"),
        pytest.param(_run(ADAM), id="Adam without a probe"),
        pytest.param(_run(ADAM, room=0.0), id="weights that never had a gradient"),
        pytest.param(_run(SGD, coefficient=0.5), id="a little"),
        pytest.param(_run(SGD, coefficient=SOMETIMES), id="not every step"),
        pytest.param(_run(SGD, factor=0.5), id="an explosion that is clipped"),
        pytest.param(_run(SGD, train=0.001), id="learned"),
        pytest.param(_run(SGD, update_ratio=0.01), id="steps that are long all the same"),
        pytest.param(_run(SGD, max_norm=None), id="no clipping"),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


def test_few_steps_are_not_assessed() -> None:
    judged = case(spec=job(optimizer=dict(SGD)), seen=telemetry(num_steps=10))

    assert isinstance(detect(judged, LIMITS), NotAssessed)
