"""Builds the task of a run from its spec and from the data set in the database."""

from sqlalchemy import Engine

from app.domain.errors import NotFound
from app.store.database import unit_of_work
from app.store.datasets import read_content
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.execution.commands import TrainCommand


def build_of(engine: Engine, command: TrainCommand) -> Task:
    """Raises InvalidData where the data cannot serve the spec, and Unavailable."""
    dataset = command.spec.dataset
    dataset_id = getattr(dataset, "dataset_id", None)
    upload = None
    if dataset_id is not None:
        with unit_of_work(engine) as work:
            try:
                upload = read_content(work.session, command.workspace_id, dataset_id)
            except NotFound:
                upload = None
    return build_task(dataset, upload=upload)
