"""Check a job spec against its data and estimate the cost of the run; store nothing."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import InvalidSpec, NotFound, Problem
from app.domain.estimate import Estimate, estimate, problems_of_size
from app.domain.profiles import CsvProfile, Profile, TextProfile
from app.domain.spec_warnings import warnings_about
from app.domain.specs.dataset.base import UploadedDataset
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape
from app.domain.time_limits import UNLIMITED, TimeLimits, with_time_limit
from app.store.database import UnitOfWork
from app.store.datasets import find_dataset


@dataclass(frozen=True, kw_only=True)
class CheckedSpec:
    """A job spec that fits its data, with the estimated cost."""

    #: With the time limit of the installation where it had none.
    spec: JobSpec
    shape: TaskShape
    estimate: Estimate
    warnings: tuple[str, ...]


def estimate_run(
    work: UnitOfWork, *, workspace_id: UUID, spec: JobSpec, time_limits: TimeLimits = UNLIMITED
) -> CheckedSpec:
    """Raises InvalidSpec when the spec does not fit the data or exceeds the service's limits."""
    limited = with_time_limit(spec, time_limits)
    shape = limited.dataset.shape(profile_of(work, workspace_id, limited))
    cost = estimate(limited, shape)
    problems = problems_of_size(cost)
    if problems:
        raise InvalidSpec(_sentence(problems[0].detail), problems=problems)
    return CheckedSpec(spec=limited, shape=shape, estimate=cost, warnings=warnings_about(limited))


def profile_of(work: UnitOfWork, workspace_id: UUID, spec: JobSpec) -> Profile | None:
    """Returns the profile of the spec's upload; None without one. Raises InvalidSpec."""
    if not isinstance(spec.dataset, UploadedDataset):
        return None
    try:
        dataset = find_dataset(work.session, workspace_id, spec.dataset.dataset_id)
    except NotFound as error:
        detail = f"there is no data set {spec.dataset.dataset_id} in this workspace"
        problem = Problem(pointer="/dataset/dataset_id", detail=detail, code="dataset_not_found")
        raise InvalidSpec(_sentence(detail), problems=[problem]) from error
    profile = TextProfile if dataset.kind == "text" else CsvProfile
    return profile.model_validate(dataset.profile)


def _sentence(detail: str) -> str:
    return f"The job spec cannot be run: {detail}."
