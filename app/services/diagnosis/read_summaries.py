"""Read the summaries of many runs' diagnoses at once."""

from collections.abc import Collection, Mapping
from uuid import UUID

from app.store.database import UnitOfWork
from app.store.diagnoses import load_summaries


def read_summaries(work: UnitOfWork, run_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Returns the summary of each run that has a diagnosis. The caller may see all of the runs."""
    return load_summaries(work.session, run_ids)
