"""Faults in the size of a step, and in the number of steps."""

from bench.diagnosis.faults.kind import Change, FaultKind, optimizer, sgd, training
from bench.diagnosis.tasks import BaseTask

_MIN_STEPS = 20


def _rate(task: BaseTask, factor: float) -> Change:
    return optimizer(learning_rate=task.learning_rate * factor)


def _sgd_rate(task: BaseTask, factor: float) -> Change | None:
    if task.sgd_rate is None:
        return None
    return optimizer(learning_rate=task.sgd_rate * factor)


def _few_steps(task: BaseTask, share: float) -> Change:
    return training(num_steps=max(_MIN_STEPS, round(task.num_steps * share)))


def _decay(task: BaseTask, factor: float) -> Change:
    every = max(1, task.num_steps // 20)
    return optimizer(schedule={"kind": "step", "every": every, "factor": factor})


def _warmup(task: BaseTask, times: float) -> Change:
    return optimizer(
        schedule={"kind": "warmup", "warmup_steps": max(1, round(task.num_steps * times))}
    )


def _eps(_task: BaseTask, eps: float) -> Change:
    return optimizer(eps=eps)


def _momentum(_task: BaseTask, momentum: float) -> Change:
    return optimizer(momentum=momentum)


def _clip(_task: BaseTask, max_norm: float) -> Change:
    return Change(patch={"clipping": {"kind": "norm", "max_norm": max_norm}})


def _value_clip(_task: BaseTask, max_value: float) -> Change:
    return Change(patch={"clipping": {"kind": "value", "max_value": max_value}})


def _small_batch(task: BaseTask, batch_size: float) -> Change:
    change = optimizer(learning_rate=task.learning_rate * 4)
    return change.joined(training(batch_size=round(batch_size)))


HIGH, LOW, CLIP = "learning_rate_too_high", "learning_rate_too_low", "clip_threshold_too_low"
KINDS = (
    FaultKind(name="rate_too_high", leaf=HIGH, levels=(2, 5, 20, 60, 200), draw=_rate),
    FaultKind(
        name="sgd_rate_too_high", leaf=HIGH, levels=(2, 10, 40, 200), draw=_sgd_rate, setting=sgd
    ),
    FaultKind(
        name="momentum_too_high",
        leaf=HIGH,
        levels=(0.93, 0.98, 0.995, 0.999),
        draw=_momentum,
        setting=sgd,
    ),
    FaultKind(name="small_batch", leaf=HIGH, levels=(16, 4, 2, 1), draw=_small_batch),
    FaultKind(name="rate_too_low", leaf=LOW, levels=(0.5, 0.1, 0.03, 0.01, 0.001), draw=_rate),
    FaultKind(name="early_decay", leaf=LOW, levels=(0.9, 0.7, 0.4, 0.1), draw=_decay),
    FaultKind(name="long_warmup", leaf=LOW, levels=(0.3, 4, 40, 400), draw=_warmup),
    FaultKind(name="large_eps", leaf=LOW, levels=(1e-5, 1e-3, 1e-1, 10), draw=_eps),
    FaultKind(
        name="too_few_steps", leaf="too_few_steps", levels=(0.8, 0.4, 0.2, 0.08), draw=_few_steps
    ),
    FaultKind(
        name="tight_clip", leaf=CLIP, levels=(0.5, 0.05, 0.005, 1e-4), draw=_clip, setting=sgd
    ),
    FaultKind(
        name="tight_value_clip",
        leaf=CLIP,
        levels=(0.1, 3e-3, 1e-4, 1e-6),
        draw=_value_clip,
        setting=sgd,
    ),
    FaultKind(name="tight_clip_adam", leaf=CLIP, levels=(1e-2, 1e-4, 1e-7, 1e-9), draw=_clip),
)
