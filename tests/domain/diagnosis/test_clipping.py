"""Which runs have steps that clipping shortens."""

import pytest

from app.domain.diagnosis.clipping import find_shortened_steps
from app.domain.telemetry import Telemetry
from tests.domain.builders import case, job, probe_readings, telemetry

PROBES = probe_readings("best_step_factor", [30.0] * 5)


@pytest.mark.parametrize(
    ("seen", "is_found"),
    [
        (telemetry(clip_coefficient=1e-3, readings=PROBES), True),
        (telemetry(clip_coefficient=1e-3, readings=PROBES, num_steps=19), False),
        (telemetry(clip_coefficient=1e-3), False),
        (telemetry(clip_coefficient=1.0, readings=PROBES), False),
    ],
    ids=["clipped", "few steps", "no probe", "not clipped"],
)
def test_short_steps_need_a_coefficient_and_a_probe(seen: Telemetry, *, is_found: bool) -> None:
    found = find_shortened_steps(case(spec=job(optimizer={"kind": "sgd"}), seen=seen))

    assert (found is not None) is is_found
