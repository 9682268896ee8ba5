"""Estimates how long a run takes on a machine whose speed was measured.

The formula of `step_seconds` is for an ordinary core that has nothing else to do. Workers measure
how many times slower than that they are; evaluations, probes and the start of the process are
counted as well, since short runs consist mostly of them.
"""

from app.domain.estimate import step_seconds
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape

#: Measured seconds of a step over those of the formula, where no worker has measured them.
DEFAULT_SLOWNESS = 2.5
#: From the claim to the first step, and from the last step to the published files.
START_S = 1.5
#: Sequences that one split is evaluated on, and splits: during training, and at its end.
_EVALUATED, _SPLITS, _SPLITS_AT_END = 256, 2, 3
#: Share of a step's seconds that its forward pass takes.
_FORWARD = 1 / 3
#: Seconds of one probe over those of a step with so many sequences.
_PROBE_SEQUENCES = 32
_PROBE_STEPS = {"off": 0.0, "economy": 6.0, "standard": 13.0, "full": 25.0}
#: The first and the last probe are taken whatever the budget is.
_FREE_PROBES = 2


def run_seconds(spec: JobSpec, shape: TaskShape, *, slowness: float) -> float:
    """Returns the seconds from the claim to the end; at most the time limit, where there is one."""
    training, probes = spec.training, spec.probes
    num_evaluations = 1 + (training.num_steps - 1) // training.evaluate_every
    evaluation_s = _FORWARD * _step_seconds(spec, shape, batch_size=_EVALUATED)
    steps_s = training.num_steps * step_seconds(spec, shape)
    steps_s += (num_evaluations * _SPLITS + _SPLITS_AT_END) * evaluation_s
    probe_s = _PROBE_STEPS[probes.tier] * _step_seconds(spec, shape, batch_size=_PROBE_SEQUENCES)
    if probes.every is not None:
        steps_s += training.num_steps // probes.every * probe_s
    else:
        steps_s /= max(1 - probes.budget_in_force, 0.5)
    seconds = START_S + slowness * (steps_s + _FREE_PROBES * probe_s)
    return seconds if training.time_limit_s is None else min(seconds, training.time_limit_s)


def _step_seconds(spec: JobSpec, shape: TaskShape, *, batch_size: int) -> float:
    training = spec.training.model_copy(update={"batch_size": batch_size})
    return step_seconds(spec.model_copy(update={"training": training}), shape)
