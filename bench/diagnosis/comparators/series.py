"""What the rules of other tools read, derived from a run's telemetry.

Legend: n steps, E evaluations, P tensors.
"""

import re
from collections.abc import Mapping

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.scopes import Scope, ScopeKind, Split
from app.domain.task import MetricMode
from app.domain.telemetry import DoubleArray, IntArray

#: mean|x| / RMS of a normal variable. Telemetry has the norm of a tensor, other tools the mean.
MEAN_OVER_RMS = float(np.sqrt(2 / np.pi))
_LAYER = re.compile(r"rnn\.(weight|bias)_(ih|hh)_l(\d+)")


def losses(case: Case) -> DoubleArray:
    """Returns the (n,) training losses."""
    return case.scalar("loss")


def has_bad_number(case: Case) -> bool:
    """Returns whether a loss, a gradient or a change of the weights was not finite."""
    return any(
        not np.isfinite(case.scalar(name)).all() for name in ("loss", "grad_norm", "update_ratio")
    )


def weight_names(case: Case) -> tuple[str, ...]:
    """Returns the names of the matrices, bottom layer first and the read-out last.

    "First layer" is the input side of layer 0, "last layer" the read-out.
    """
    return tuple(name for name in case.telemetry.tensor_names if "bias" not in name)


def tensor(case: Case, quantity: str, name: str) -> DoubleArray:
    """Returns the (n,) values of a tensor's quantity; empty if it was not recorded."""
    values = case.telemetry.tensors.get(quantity)
    if values is None:
        return np.zeros(0)
    column = case.telemetry.tensor_names.index(name)
    return np.asarray(values[:, column], dtype=np.float64)


def mean_gradient(case: Case, name: str) -> DoubleArray:
    """Returns the (n,) mean |gradient| of a tensor, as its entries were normally distributed."""
    norms: DoubleArray = tensor(case, "grad_norm", name) / np.sqrt(num_entries(case, name))
    return MEAN_OVER_RMS * norms


def num_entries(case: Case, name: str) -> int:
    """Returns the number of entries of a tensor, by its name in torch."""
    model, task = case.spec.model, case.task
    if task is None:
        raise LookupError(name)
    sides = 2 if model.bidirectional else 1
    found = _LAYER.search(name)
    if found is None:
        rows = task.output_size
        return rows if "bias" in name else rows * sides * model.hidden_size
    part, side, layer = found.groups()
    rows = len(model.card.blocks) * model.hidden_size
    if part == "bias":
        return rows
    if side == "hh":
        return rows * model.hidden_size
    return rows * (task.input_size if layer == "0" else sides * model.hidden_size)


def evaluations(case: Case, split: Split) -> tuple[IntArray, DoubleArray]:
    """Returns (E,) steps and (E,) scores of a split in the task's metric.

    What is an epoch to other tools is an evaluation here.
    """
    if case.task is None:
        return np.zeros(0, dtype=np.int32), np.zeros(0)
    return case.telemetry.series(case.task.metric, Scope.split(split))


def accuracies(case: Case, split: Split) -> DoubleArray:
    """Returns (E,) accuracies, or 1 - error / baseline of a task without classes."""
    if case.task is None:
        return np.zeros(0)
    _, scores = case.telemetry.series("accuracy", Scope.split(split))
    if scores.size:
        return scores
    _, errors = evaluations(case, split)
    floor = case.task.baseline.score_on(split) if case.task.baseline else 0.0
    return 1 - errors / floor if floor else np.zeros(errors.size)


def errors(case: Case, split: Split) -> DoubleArray:
    """Returns the (E,) losses of a split: cross-entropy, or the metric where less is better."""
    if case.task is None:
        return np.zeros(0)
    _, entropies = case.telemetry.series("cross_entropy", Scope.split(split))
    if entropies.size:
        return entropies
    _, scores = evaluations(case, split)
    return scores if case.task.mode is MetricMode.MINIMISE else 1 - scores


def epoch_losses(case: Case) -> DoubleArray:
    """Returns the (E,) mean training loss between evaluations."""
    steps, _ = evaluations(case, "validation")
    if not steps.size:
        steps, _ = evaluations(case, "train")
    return np.array([part.mean() for part in _between(case, losses(case), steps)])


def epoch_means(case: Case, values_n: DoubleArray) -> DoubleArray:
    """Returns the (E,) means between evaluations of a quantity of every step."""
    steps, _ = evaluations(case, "validation")
    return np.array([part.mean() for part in _between(case, values_n, steps)])


def _between(case: Case, values_n: DoubleArray, steps: IntArray) -> list[DoubleArray]:
    ends = np.searchsorted(case.telemetry.steps_n, steps)
    return [part for part in np.split(values_n, ends)[: len(steps)] if part.size]


def unit_share(case: Case, quantity: str) -> Mapping[str, float]:
    """Returns the latest share of dead or saturated units by layer or gate."""
    found = {
        str(reading.scope): reading.value
        for reading in case.telemetry.scalar_readings
        if reading.quantity == quantity and reading.scope.kind in {ScopeKind.LAYER, ScopeKind.GATE}
    }
    return {scope: value for scope, value in found.items() if np.isfinite(value)}
