"""Warnings about valid job specs that are probably not what the client wants."""

from collections.abc import Iterator

from app.domain.devices import size_in_words
from app.domain.estimate import step_seconds
from app.domain.specs.dataset.base import MadeDataset
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape

#: A dry run warns of longer runs without a time limit: they hold a slot for that long.
LONG_S = 7 * 86_400.0


def warnings_about(spec: JobSpec) -> tuple[str, ...]:
    """Returns one sentence for each warning, for a dry run."""
    return tuple(_warnings(spec))


def _warnings(spec: JobSpec) -> Iterator[str]:
    training = spec.training
    if spec.model.dropout > 0 and spec.model.num_layers == 1:
        yield "model.dropout acts between layers, and there is one layer: it has no effect"
    if training.evaluate_every > training.num_steps:
        yield "training.evaluate_every is beyond the last step: only start and end are scored"
    warmup = spec.optimizer.schedule.warmup_steps
    if warmup >= training.num_steps:
        yield f"the learning rate still warms up when the run ends: {warmup} warm-up steps"
    if spec.probes.tier == "off":
        yield "probes.tier is off: how far back the gradient reaches will not be measured"
    yield from _warnings_of_truncation(spec)


def warnings_about_size(
    spec: JobSpec, shape: TaskShape, *, memory_bytes: int, most_bytes: int | None
) -> tuple[str, ...]:
    """Returns one sentence for each thing that takes more than there is.

    `memory_bytes` is the estimate of training; `most_bytes` is the memory of the largest device for
    it, None where that is unknown.
    """
    return tuple(_warnings_about_size(spec, shape, memory_bytes, most_bytes))


def _warnings_about_size(
    spec: JobSpec, shape: TaskShape, memory_bytes: int, most_bytes: int | None
) -> Iterator[str]:
    if most_bytes is not None and memory_bytes > most_bytes:
        yield (
            f"training needs about {size_in_words(memory_bytes)} of memory and the largest worker "
            f"has {size_in_words(most_bytes)}: the run would wait for a larger one"
        )
    seconds = spec.training.num_steps * step_seconds(spec, shape)
    limit_s = spec.training.time_limit_s
    if limit_s is not None and seconds > limit_s:
        yield (
            f"training would take about {_duration(seconds)}, and training.time_limit_s ends it "
            f"after {_duration(limit_s)}"
        )
    elif seconds > LONG_S:
        yield f"training would take about {_duration(seconds)} on one core"


def _duration(seconds: float) -> str:
    """Returns a duration for people, to three digits, in days or hours where it is as long."""
    for unit, unit_s in (("days", 86_400.0), ("hours", 3600.0)):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.3g} {unit}"
    return f"{seconds:.3g} s"


def _warnings_of_truncation(spec: JobSpec) -> Iterator[str]:
    """Warns of a cut before the known lag or, where the lag is not known yet, of any cut."""
    cut = spec.training.bptt_length
    if cut is None:
        return
    lag, source = _longest_lag(spec)
    if lag is not None and lag >= cut:
        yield f"training.bptt_length cuts the gradient after {cut} timesteps, and {source} is {lag}"
    length = spec.dataset.sequence_length
    if lag is None and (length is None or cut < length):
        yield (
            f"training.bptt_length cuts the gradient after {cut} timesteps, and the lag that the "
            "task needs is not known before a run or a preflight estimates it: declare "
            "dataset.dependency_lag"
        )


def _longest_lag(spec: JobSpec) -> tuple[int | None, str]:
    """Returns the lag that the task needs and what it is; None if it is not known."""
    if isinstance(spec.dataset, MadeDataset):
        lag = spec.dataset.facts().required_lag.timesteps
        declared = spec.dataset.dependency_lag is not None
        return lag, "dataset.dependency_lag" if declared else "the lag that the task needs"
    declared_lag = spec.dataset.declared_lag()
    return declared_lag.timesteps if declared_lag else None, "dataset.dependency_lag"
