"""What a changed run costs in times the run, by the estimate that the service shows."""

from dataclasses import replace

from app.domain.estimate import estimate
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape


def times_the_cost(treated: JobSpec, spec: JobSpec, *, shape: TaskShape | None) -> float:
    """Returns the estimated seconds of the treated run over those of the run.

    `shape` is that of the run's task; without one the ratio is that of one input and one output.
    """
    return _seconds(treated, shape) / _seconds(spec, shape)


def _seconds(spec: JobSpec, shape: TaskShape | None) -> float:
    known = shape or TaskShape(length=1, input_size=1, output_size=1, many_to_one=True)
    length = spec.dataset.sequence_length or known.length
    return estimate(spec, replace(known, length=length)).seconds
