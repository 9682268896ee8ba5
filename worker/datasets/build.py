"""From a data set spec to a task."""

from typing import assert_never

from app.domain.errors import InvalidData
from app.domain.specs.dataset import (
    AddingSpec,
    CopyMemorySpec,
    DatasetSpec,
    DigitsSpec,
    ForecastSpec,
    SequencesSpec,
    TemporalOrderSpec,
    TextSpec,
    UploadedSpec,
)
from worker.datasets.adding import build_adding
from worker.datasets.copy_memory import build_copy_memory
from worker.datasets.digits import build_digits
from worker.datasets.forecast import build_forecast
from worker.datasets.sequences import build_sequences
from worker.datasets.task import Task
from worker.datasets.temporal_order import build_temporal_order
from worker.datasets.text import build_text


def build_task(spec: DatasetSpec, *, upload: bytes | None) -> Task:
    """The task of a run. Raises InvalidData where the data cannot serve the spec."""
    match spec:
        case AddingSpec():
            return build_adding(spec)
        case CopyMemorySpec():
            return build_copy_memory(spec)
        case TemporalOrderSpec():
            return build_temporal_order(spec)
        case DigitsSpec():
            return build_digits(spec)
        case ForecastSpec() | TextSpec() | SequencesSpec():
            return _build_uploaded(spec, upload)
        case _:
            assert_never(spec)


def _build_uploaded(spec: UploadedSpec, upload: bytes | None) -> Task:
    if upload is None:
        detail = "the uploaded data set is no longer there"
        raise InvalidData(detail)
    match spec:
        case ForecastSpec():
            return build_forecast(spec, upload)
        case TextSpec():
            return build_text(spec, upload)
        case SequencesSpec():
            return build_sequences(spec, upload)
        case _:
            assert_never(spec)
