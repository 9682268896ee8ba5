"""From a data set spec to a task."""

from app.domain.specs.dataset.base import Dataset
from worker.datasets.adding import ADDING
from worker.datasets.copy_memory import COPY_MEMORY
from worker.datasets.digits import DIGITS
from worker.datasets.forecast import FORECAST
from worker.datasets.maker import TaskMaker
from worker.datasets.sequences import SEQUENCES
from worker.datasets.task import Task
from worker.datasets.temporal_order import TEMPORAL_ORDER
from worker.datasets.text import TEXT

DATASETS: tuple[TaskMaker, ...] = (
    ADDING,
    COPY_MEMORY,
    TEMPORAL_ORDER,
    DIGITS,
    FORECAST,
    TEXT,
    SEQUENCES,
)


def build_task(spec: Dataset, *, upload: bytes | None) -> Task:
    """The task of a run. Raises InvalidData where the data cannot serve the spec."""
    for maker in DATASETS:
        task = maker.task_for(spec, upload)
        if task is not None:
            return task
    raise LookupError(type(spec).__name__)
