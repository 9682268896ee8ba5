"""Check a job spec as `estimate_run` does, by the speed and the memory of the present workers."""

from dataclasses import replace
from uuid import UUID

from app.domain.run_seconds import DEFAULT_SLOWNESS, run_seconds
from app.domain.spec_warnings import warnings_about_size
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.services.runs.estimate_run import CheckedSpec, estimate_run
from app.store.database import UnitOfWork
from app.store.workers import largest_memory, median_slowness


def dry_run(
    work: UnitOfWork, *, workspace_id: UUID, spec: JobSpec, time_limits: TimeLimits
) -> CheckedSpec:
    """Stores nothing. Raises InvalidSpec, as for a run."""
    checked = estimate_run(work, workspace_id=workspace_id, spec=spec, time_limits=time_limits)
    warnings = warnings_about_size(
        checked.spec,
        checked.shape,
        memory_bytes=checked.estimate.memory_bytes,
        most_bytes=largest_memory(work.session, checked.spec.training.device),
    )
    slowness = median_slowness(work.session) or DEFAULT_SLOWNESS
    seconds = run_seconds(checked.spec, checked.shape, slowness=slowness)
    return replace(
        checked,
        estimate=replace(checked.estimate, seconds=seconds),
        warnings=(*checked.warnings, *warnings),
    )
