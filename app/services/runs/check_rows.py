"""Check the rows of a spec's upload as a worker would, outside of any transaction."""

from uuid import UUID

from sqlalchemy import Engine

from app.domain.data_check import check_data, is_cheap_to_check
from app.domain.errors import InvalidData, InvalidSpec, Problem
from app.domain.profiles import Profile
from app.domain.specs.dataset.base import UploadedDataset
from app.domain.specs.job import JobSpec
from app.domain.time_limits import TimeLimits
from app.services.runs.estimate_run import estimate_run, profile_of
from app.store.database import unit_of_work
from app.store.datasets import read_content


def check_rows(
    engine: Engine,
    *,
    workspace_id: UUID,
    spec: JobSpec,
    profile: Profile | None,
    has_cautions: bool = True,
) -> tuple[str, ...]:
    """Returns warnings about the rows of the upload. Raises InvalidSpec."""
    if not isinstance(spec.dataset, UploadedDataset):
        return ()
    dataset_id = spec.dataset.dataset_id
    try:
        return check_data(
            spec.dataset,
            profile,
            lambda: _content_of(engine, workspace_id, dataset_id),
            has_cautions=has_cautions,
        )
    except InvalidData as error:
        detail = f"a worker would refuse the data: {error.detail}"
        pointer, code = "/dataset/dataset_id", "data_not_usable"
        problem = Problem(pointer=pointer, detail=detail, code=code)
        sentence = f"The job spec cannot be run: {detail}."
        raise InvalidSpec(sentence, problems=[problem]) from error


def check_rows_if_cheap(
    engine: Engine, *, workspace_id: UUID, spec: JobSpec, time_limits: TimeLimits
) -> None:
    """Raises InvalidSpec where a worker would refuse the data and that is found in an instant.

    The check of other data is left to the worker.
    """
    if not isinstance(spec.dataset, UploadedDataset):
        return
    with unit_of_work(engine) as work:
        estimate_run(work, workspace_id=workspace_id, spec=spec, time_limits=time_limits)
        profile = profile_of(work, workspace_id, spec)
    if is_cheap_to_check(spec.dataset, profile):
        check_rows(
            engine, workspace_id=workspace_id, spec=spec, profile=profile, has_cautions=False
        )


def _content_of(engine: Engine, workspace_id: UUID, dataset_id: UUID) -> bytes:
    with unit_of_work(engine) as work:
        return read_content(work.session, workspace_id, dataset_id)
