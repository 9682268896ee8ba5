"""Check a job spec and its data, by the speed and the memory of the present workers."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Engine

from app.domain.run_seconds import DEFAULT_SLOWNESS, run_seconds
from app.domain.spec_warnings import warnings_about_size
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.services.runs.check_parent import check_parent
from app.services.runs.check_rows import check_rows
from app.services.runs.estimate_run import CheckedSpec, estimate_run, profile_of
from app.store.database import unit_of_work
from app.store.workers import largest_memory, median_slowness


def dry_run(
    engine: Engine, *, workspace_id: UUID, spec: JobSpec, time_limits: TimeLimits
) -> CheckedSpec:
    """Stores nothing. Raises InvalidSpec, also where a worker would refuse the data.

    The rows of an upload are checked between transactions, not in one.
    """
    with unit_of_work(engine) as work:
        check_parent(work, workspace_id=workspace_id, spec=spec)
        checked = estimate_run(work, workspace_id=workspace_id, spec=spec, time_limits=time_limits)
        profile = profile_of(work, workspace_id, checked.spec)
        most_bytes = largest_memory(work.session, checked.spec.training.device)
        slowness = median_slowness(work.session) or DEFAULT_SLOWNESS
    about_size = warnings_about_size(
        checked.spec,
        checked.shape,
        memory_bytes=checked.estimate.memory_bytes,
        most_bytes=most_bytes,
    )
    about_data = check_rows(engine, workspace_id=workspace_id, spec=checked.spec, profile=profile)
    seconds = run_seconds(checked.spec, checked.shape, slowness=slowness)
    return replace(
        checked,
        estimate=replace(checked.estimate, seconds=seconds),
        warnings=(*checked.warnings, *about_size, *about_data),
    )
