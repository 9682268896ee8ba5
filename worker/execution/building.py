"""Builds the task of a run from its spec and from the data set in the database."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import Engine

from app.domain.errors import NotFound
from app.domain.reader_options import Choice
from app.store.database import unit_of_work
from app.store.datasets import find_dataset, read_content
from worker.datasets.build import build_task
from worker.datasets.formats import file_format_of
from worker.datasets.task import Task
from worker.execution.commands import TrainCommand

_READER: TypeAdapter[dict[str, Choice]] = TypeAdapter(dict[str, Choice])


def build_of(engine: Engine, command: TrainCommand) -> Task:
    """Raises InvalidData where the data cannot serve the spec, and Unavailable."""
    spec = command.spec.dataset
    dataset_id = getattr(spec, "dataset_id", None)
    upload, profile = None, None
    if dataset_id is not None:
        with unit_of_work(engine) as work, suppress(NotFound):
            profile = find_dataset(work.session, command.workspace_id, dataset_id).profile
            upload = read_content(work.session, command.workspace_id, dataset_id)
    task = build_task(spec, upload=upload)
    return task if profile is None else _as_uploaded(task, profile)


def _as_uploaded(task: Task, profile: Mapping[str, JsonValue]) -> Task:
    """Tells predict.py how the file of the upload was read."""
    layout = task.usage.csv
    if layout is None:
        return task
    reader = _READER.validate_python(profile.get("reader", {}))
    known = replace(layout, file=file_format_of(reader))
    return replace(task, usage=replace(task.usage, csv=known))
