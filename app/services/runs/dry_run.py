"""Check a job spec and its data, by the speed and the memory of the present workers."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Engine

from app.domain.data_check import check_data
from app.domain.errors import InvalidData, InvalidSpec, Problem
from app.domain.profiles import Profile
from app.domain.run_seconds import DEFAULT_SLOWNESS, run_seconds
from app.domain.spec_warnings import warnings_about_size
from app.domain.specs.dataset.base import UploadedDataset
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.services.runs.estimate_run import CheckedSpec, estimate_run, profile_of
from app.store.database import unit_of_work
from app.store.datasets import read_content
from app.store.workers import largest_memory, median_slowness


def dry_run(
    engine: Engine, *, workspace_id: UUID, spec: JobSpec, time_limits: TimeLimits
) -> CheckedSpec:
    """Stores nothing. Raises InvalidSpec, also where a worker would refuse the data.

    The rows of an upload are checked between transactions, not in one.
    """
    with unit_of_work(engine) as work:
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
    about_data = _check_data(engine, workspace_id, checked.spec, profile)
    seconds = run_seconds(checked.spec, checked.shape, slowness=slowness)
    return replace(
        checked,
        estimate=replace(checked.estimate, seconds=seconds),
        warnings=(*checked.warnings, *about_size, *about_data),
    )


def _check_data(
    engine: Engine, workspace_id: UUID, spec: JobSpec, profile: Profile | None
) -> tuple[str, ...]:
    """Returns warnings about the rows of the upload. Raises InvalidSpec."""
    if not isinstance(spec.dataset, UploadedDataset):
        return ()
    dataset_id = spec.dataset.dataset_id
    try:
        return check_data(
            spec.dataset, profile, lambda: _content_of(engine, workspace_id, dataset_id)
        )
    except InvalidData as error:
        detail = f"a worker would refuse the data: {error.detail}"
        pointer, code = "/dataset/dataset_id", "data_not_usable"
        problem = Problem(pointer=pointer, detail=detail, code=code)
        sentence = f"The job spec cannot be run: {detail}."
        raise InvalidSpec(sentence, problems=[problem]) from error


def _content_of(engine: Engine, workspace_id: UUID, dataset_id: UUID) -> bytes:
    with unit_of_work(engine) as work:
        return read_content(work.session, workspace_id, dataset_id)
