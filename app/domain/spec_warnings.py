"""Warnings about valid job specs that are probably not what the client wants."""

from collections.abc import Iterator

from app.domain.specs.dataset.base import LagRange
from app.domain.specs.job import JobSpec


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
    lag = _longest_lag(spec)
    if training.bptt_length is not None and lag is not None and lag > training.bptt_length:
        yield (
            f"training.bptt_length cuts the gradient after {training.bptt_length} timesteps, "
            f"and dataset.dependency_lag is {lag}"
        )


def _longest_lag(spec: JobSpec) -> int | None:
    lag = spec.dataset.dependency_lag
    return lag.max if isinstance(lag, LagRange) else lag
