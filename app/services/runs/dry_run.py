"""Check a job spec as `estimate_run` does, and warn of what the present workers cannot do."""

from dataclasses import replace
from uuid import UUID

from app.domain.spec_warnings import warnings_about_size
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.services.runs.estimate_run import CheckedSpec, estimate_run
from app.store.database import UnitOfWork
from app.store.workers import largest_memory


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
    return replace(checked, warnings=(*checked.warnings, *warnings))
