"""Faults that keep a gradient from reaching back, and faults that make it grow."""

from bench.diagnosis.faults.kind import Change, FaultKind, init, needed_length, training
from bench.diagnosis.tasks import BaseTask, Document


def _cut(task: BaseTask, share: float) -> Change:
    return training(bptt_length=max(1, round(needed_length(task) * share)))


def _radius(task: BaseTask, radius: float) -> Change | None:
    if task.cell not in {"elman", "relu"}:
        return None
    return init(recurrent={"kind": "spectral_radius", "radius": radius})


def _small_normal(_task: BaseTask, std: float) -> Change:
    return init(recurrent={"kind": "normal", "std": std})


def _forget_bias(task: BaseTask, bias: float) -> Change | None:
    return init(forget_bias=bias) if task.cell == "lstm" else None


def _bias_noise(_task: BaseTask, std: float) -> Change:
    return init(bias={"kind": "normal", "std": std})


def _input_gain(_task: BaseTask, gain: float) -> Change:
    return init(input={"kind": "xavier_uniform", "gain": gain})


def _gated_gain(task: BaseTask, gain: float) -> Change | None:
    if task.cell not in {"gru", "lstm"}:
        return None
    return init(recurrent={"kind": "orthogonal", "gain": gain})


def _chrono(task: BaseTask, max_lag: float) -> Change | None:
    if task.cell not in {"gru", "lstm"}:
        return None
    return init(bias={"kind": "chrono", "max_lag": round(max_lag)})


def _relu(task: BaseTask) -> Change | None:
    """Rectified units that solve the task."""
    if task.cell not in {"elman", "relu"}:
        return None
    recurrent: Document = {"kind": "identity", "gain": 0.9}
    return Change(patch={"model": {"activation": "relu"}, "init": {"recurrent": recurrent}})


def _small_input(task: BaseTask, std: float) -> Change | None:
    if task.cell not in {"elman", "relu"}:
        return None
    return init(input={"kind": "normal", "std": std})


def _tanh_radius(task: BaseTask, radius: float) -> Change | None:
    return _radius(task, radius) if task.cell == "elman" else None


def _unclipped_radius(task: BaseTask, radius: float) -> Change | None:
    change = _tanh_radius(task, radius)
    return None if change is None else change.joined(Change(patch={"clipping": {"kind": "none"}}))


SATURATED, EXPANSIVE = "saturated_start", "expansive_recurrence"
KINDS = (
    FaultKind(
        name="bptt_cut", leaf="truncated_backpropagation", levels=(0.8, 0.5, 0.2, 0.01), draw=_cut
    ),
    FaultKind(
        name="small_radius",
        leaf="contractive_recurrence",
        levels=(0.9, 0.6, 0.3, 0.05),
        draw=_radius,
    ),
    FaultKind(
        name="small_recurrent_weights",
        leaf="contractive_recurrence",
        levels=(0.2, 0.05, 1e-3),
        draw=_small_normal,
    ),
    FaultKind(
        name="closed_forget_gate",
        leaf="closed_gates",
        levels=(0, -2, -5, -10),
        draw=_forget_bias,
    ),
    FaultKind(
        name="long_time_constants", leaf="closed_gates", levels=(20, 300, 1e4, 1e7), draw=_chrono
    ),
    FaultKind(name="bias_noise", leaf=SATURATED, levels=(0.5, 2, 8, 40), draw=_bias_noise),
    FaultKind(name="large_input_weights", leaf=SATURATED, levels=(2, 8, 30, 200), draw=_input_gain),
    FaultKind(name="large_gate_weights", leaf=SATURATED, levels=(1.5, 4, 15, 60), draw=_gated_gain),
    FaultKind(
        name="dead_start",
        leaf="dead_start",
        levels=(0.1, 1e-3, 0),
        draw=_small_input,
        setting=_relu,
    ),
    FaultKind(name="large_radius", leaf=EXPANSIVE, levels=(1.1, 1.8, 4, 10), draw=_tanh_radius),
    FaultKind(
        name="large_radius_unclipped",
        leaf=EXPANSIVE,
        levels=(1.1, 1.8, 4, 10),
        draw=_unclipped_radius,
    ),
    FaultKind(
        name="large_radius_relu",
        leaf=EXPANSIVE,
        levels=(1.02, 1.3, 2, 5),
        draw=_radius,
        setting=_relu,
    ),
)
