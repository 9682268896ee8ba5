"""Healthy runs that look sick, or differ from a base in ways that do no harm."""

from bench.diagnosis.faults.kind import Change, FaultKind, init, optimizer, sgd, training
from bench.diagnosis.tasks import BaseTask, Document


def _late(task: BaseTask, factor: float) -> Change | None:
    """A smaller rate and as many more steps, so that much of the run is spent before learning."""
    if task.family not in {"adding", "order", "text", "sequences"}:
        return None
    change = optimizer(learning_rate=task.learning_rate / factor)
    return change.joined(training(num_steps=round(task.num_steps * factor)))


def _slow_start(task: BaseTask, share: float) -> Change:
    """A rate that is tiny for a share of the run; it learns only after that."""
    num_steps = round(task.num_steps / (1 - share))
    warmup = round(num_steps * share)
    schedule: Document = {"kind": "warmup", "warmup_steps": warmup}
    return optimizer(schedule=schedule).joined(training(num_steps=num_steps))


def _just_in_time(task: BaseTask, factor: float) -> Change | None:
    """A smaller rate with few more steps: it learns in the second half of the run."""
    if task.family not in {"adding", "order", "text"}:
        return None
    change = optimizer(learning_rate=task.learning_rate / factor)
    return change.joined(training(num_steps=round(task.num_steps * 1.25)))


def _rising_rate(task: BaseTask, share: float) -> Change | None:
    """A rate that rises over nearly all of the run."""
    if task.family not in {"adding", "order", "text", "sequences"}:
        return None
    num_steps = round(task.num_steps * 1.5)
    schedule: Document = {"kind": "warmup", "warmup_steps": round(num_steps * share)}
    return optimizer(schedule=schedule).joined(training(num_steps=num_steps))


def _noisy(task: BaseTask, batch_size: float) -> Change:
    change = optimizer(learning_rate=task.learning_rate / 2)
    steps = round(task.num_steps * 1.5)
    return change.joined(training(batch_size=round(batch_size), num_steps=steps))


def _large_gradients(task: BaseTask, gain: float) -> Change | None:
    """Large gradients that stay as they are: no clipping and large weights of the inputs."""
    if task.cell == "relu":
        return None
    return init(input={"kind": "xavier_uniform", "gain": gain}).joined(
        Change(patch={"clipping": {"kind": "none"}})
    )


def _clipped(_task: BaseTask, max_norm: float) -> Change:
    return Change(patch={"clipping": {"kind": "norm", "max_norm": max_norm}})


def _short_cut(task: BaseTask, timesteps: float) -> Change | None:
    """Truncation that is longer than what the task needs."""
    return training(bptt_length=round(timesteps)) if task.family == "text" else None


def _near_naive(task: BaseTask, persistence: float) -> Change | None:
    """The last value is nearly the best forecast, so that nearly nothing is there to gain."""
    if task.upload is None or task.upload.kind != "series":
        return None
    patch: Document = {"dataset": {"horizon": 1, "window": 12}}
    options = {"persistence": persistence, "rows": 1500 // task.upload.count("series")}
    return Change(patch=patch, options=options)


def _open_gate(task: BaseTask, bias: float) -> Change | None:
    return init(forget_bias=bias) if task.cell == "lstm" else None


def _identity(task: BaseTask, gain: float) -> Change | None:
    if task.cell == "relu":
        return None
    return init(recurrent={"kind": "identity", "gain": gain})


def _cosine(_task: BaseTask, final: float) -> Change:
    return optimizer(schedule={"kind": "cosine", "final_fraction": final})


def _rmsprop(task: BaseTask, share: float) -> Change:
    rate = task.learning_rate * share
    return Change(patch={"optimizer": {"kind": "rmsprop", "learning_rate": rate}})


def _longer(task: BaseTask, times: float) -> Change:
    return training(num_steps=round(task.num_steps * times))


def _wider(_task: BaseTask, units: float) -> Change:
    return Change(patch={"model": {"hidden_size": round(units)}})


def _unchanged(_task: BaseTask, _level: float) -> Change:
    return Change()


KINDS = (
    FaultKind(name="late_learner", leaf="", levels=(2, 3), draw=_late),
    FaultKind(name="slow_start", leaf="", levels=(0.4, 0.6), draw=_slow_start),
    FaultKind(name="noisy_loss", leaf="", levels=(8, 4), draw=_noisy),
    FaultKind(name="large_gradients", leaf="", levels=(2, 4), draw=_large_gradients),
    FaultKind(name="harmless_clipping", leaf="", levels=(0.1, 1e-3), draw=_clipped),
    FaultKind(name="harmless_cut", leaf="", levels=(10, 6), draw=_short_cut),
    FaultKind(name="near_naive", leaf="", levels=(0.9, 0.97), draw=_near_naive),
    FaultKind(name="open_gate", leaf="", levels=(3, 6), draw=_open_gate),
    FaultKind(name="identity_start", leaf="", levels=(1,), draw=_identity),
    FaultKind(name="cosine", leaf="", levels=(0.1, 0), draw=_cosine),
    FaultKind(name="rmsprop", leaf="", levels=(0.3,), draw=_rmsprop),
    FaultKind(name="plain_sgd", leaf="", levels=(0,), draw=_unchanged, setting=sgd),
    FaultKind(name="longer", leaf="", levels=(2,), draw=_longer),
    FaultKind(name="just_in_time", leaf="", levels=(1.5, 2), draw=_just_in_time),
    FaultKind(name="rising_rate", leaf="", levels=(0.8, 1.2), draw=_rising_rate),
    FaultKind(name="wider", leaf="", levels=(40,), draw=_wider),
)
