"""Estimate how long runs of job specs would take here."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.errors import InvalidSpec
from app.domain.run_seconds import DEFAULT_SLOWNESS, run_seconds
from app.domain.specs.job import JobSpec
from app.services.runs.estimate_run import estimate_run
from app.store.database import UnitOfWork
from app.store.workers import median_slowness


def estimate_seconds(
    work: UnitOfWork, *, workspace_id: UUID, specs: Sequence[JobSpec | None]
) -> list[float | None]:
    """Returns the seconds from the claim to the end of each; None where there is no valid spec."""
    slowness = median_slowness(work.session) or DEFAULT_SLOWNESS
    return [
        None if spec is None else _seconds(work, workspace_id, spec, slowness) for spec in specs
    ]


def _seconds(work: UnitOfWork, workspace_id: UUID, spec: JobSpec, slowness: float) -> float | None:
    try:
        checked = estimate_run(work, workspace_id=workspace_id, spec=spec)
    except InvalidSpec:
        return None
    return run_seconds(checked.spec, checked.shape, slowness=slowness)
