"""Check a job spec and its data, by the speed and the memory of the present workers."""

from dataclasses import replace
from functools import partial
from uuid import UUID

from app.domain.data_check import check_data
from app.domain.errors import InvalidData, InvalidSpec, Problem
from app.domain.run_seconds import DEFAULT_SLOWNESS, run_seconds
from app.domain.spec_warnings import warnings_about_size
from app.domain.specs.dataset.base import UploadedDataset
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.services.runs.estimate_run import CheckedSpec, estimate_run, profile_of
from app.store.database import UnitOfWork
from app.store.datasets import read_content
from app.store.workers import largest_memory, median_slowness


def dry_run(
    work: UnitOfWork, *, workspace_id: UUID, spec: JobSpec, time_limits: TimeLimits
) -> CheckedSpec:
    """Stores nothing. Raises InvalidSpec, also where a worker would refuse the data."""
    checked = estimate_run(work, workspace_id=workspace_id, spec=spec, time_limits=time_limits)
    about_size = warnings_about_size(
        checked.spec,
        checked.shape,
        memory_bytes=checked.estimate.memory_bytes,
        most_bytes=largest_memory(work.session, checked.spec.training.device),
    )
    about_data = _check_data(work, workspace_id, checked.spec)
    slowness = median_slowness(work.session) or DEFAULT_SLOWNESS
    seconds = run_seconds(checked.spec, checked.shape, slowness=slowness)
    return replace(
        checked,
        estimate=replace(checked.estimate, seconds=seconds),
        warnings=(*checked.warnings, *about_size, *about_data),
    )


def _check_data(work: UnitOfWork, workspace_id: UUID, spec: JobSpec) -> tuple[str, ...]:
    """Returns warnings about the rows of the upload. Raises InvalidSpec."""
    if not isinstance(spec.dataset, UploadedDataset):
        return ()
    profile, dataset_id = profile_of(work, workspace_id, spec), spec.dataset.dataset_id
    read = partial(read_content, work.session, workspace_id, dataset_id)
    try:
        return check_data(spec.dataset, profile, read)
    except InvalidData as error:
        detail = f"a worker would refuse the data: {error.detail}"
        pointer, code = "/dataset/dataset_id", "data_not_usable"
        problem = Problem(pointer=pointer, detail=detail, code=code)
        sentence = f"The job spec cannot be run: {detail}."
        raise InvalidSpec(sentence, problems=[problem]) from error
