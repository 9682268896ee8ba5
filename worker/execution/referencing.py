"""Adds to a task what simple models reach on it: read where it is stored, otherwise computed.

No transaction is open while models are fitted.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Engine

from app.domain.references import reference_key
from app.domain.specs.dataset.base import Dataset, UploadedDataset
from app.domain.task import Reference
from app.store.database import unit_of_work
from app.store.references import find_reference, save_reference
from worker.datasets.task import Task
from worker.references.fit import fit_reference
from worker.telemetry.sending import OutageRetry

logger = logging.getLogger(__name__)

#: What fitting raises on numbers that it cannot work with: LinAlgError is a kind of either.
FAILURES = (ArithmeticError, ValueError, RuntimeError, MemoryError)
NOTE = "the reference models could not be fitted to this data, so that there is no reference"

Fit = Callable[[Dataset, Task], Reference | None]


def with_reference(
    engine: Engine, retry: OutageRetry, spec: Dataset, task: Task, *, fit: Fit = fit_reference
) -> Task:
    """Returns the task with a reference, unless the attainable score is known.

    Where models cannot be fitted, the task has a note that says so.
    """
    if task.facts.attainable is not None:
        return task
    key = reference_key(spec)

    def read() -> Reference | None:
        with unit_of_work(engine) as work:
            return find_reference(work.session, key)

    reference = retry.until_available(read)
    if reference is None:
        try:
            reference = fit(spec, task)
        except FAILURES:
            logger.exception("The reference models could not be fitted.")
            notes = (*task.facts.notes, NOTE)
            return replace(task, facts=task.facts.model_copy(update={"notes": notes}))
        _store(engine, retry, spec, key, reference)
    return replace(task, facts=task.facts.model_copy(update={"reference": reference}))


def _store(
    engine: Engine, retry: OutageRetry, spec: Dataset, key: str, reference: Reference | None
) -> None:
    if reference is None:
        return
    dataset_id = spec.dataset_id if isinstance(spec, UploadedDataset) else None

    def write() -> None:
        with unit_of_work(engine) as work:
            save_reference(work.session, key, reference, dataset_id=dataset_id)

    retry.until_available(write)
