"""Runs for which remedies are advised, behind the API."""

import math

from app.domain.runs import Run, StopReason
from app.domain.scopes import Scope
from app.domain.telemetry import ScalarReading
from tests.api.conftest import Clinic
from tests.api.measured import batch_of, finish, record, started_run
from tests.domain.builders import job

SICK, CURED = 1 / 6, 0.001


def scored(mse: float) -> tuple[ScalarReading, ...]:
    return tuple(
        ScalarReading(step=4, quantity="mse", scope=Scope.split(split), value=mse)
        for split in ("validation", "test")
    )


def sick_run(
    clinic: Clinic, stop_reason: StopReason = StopReason.DIVERGED, *, reaction: str = "continue"
) -> Run:
    """A run that diverged; `reaction` is that to a critical finding."""
    unclipped = job(
        clipping={"kind": "none"},
        init={"recurrent": {"kind": "spectral_radius", "radius": 3}},
        training={"num_steps": 31, "on_finding": {"critical": reaction}},
    )
    run = started_run(clinic, unclipped)
    losses = [*[1.0] * 30, math.nan]
    record(clinic, run, seq=0, batch=batch_of(losses, readings=scored(SICK)))
    finish(clinic, run, stop_reason)
    return run
