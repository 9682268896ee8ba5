"""Penalties that outweigh the data, and too little data, time or room."""

from bench.diagnosis.faults.kind import Change, FaultKind, optimizer, training
from bench.diagnosis.tasks import BaseTask
from bench.diagnosis.uploads import Upload

#: Option of an upload that says how much there is, by the upload's kind.
_SIZE = {"series": "rows", "labelled": "sequences", "text": "characters"}


def _l2(_task: BaseTask, l2: float) -> Change:
    return Change(patch={"regularization": {"l2": l2}})


def _l1(_task: BaseTask, l1: float) -> Change:
    return Change(patch={"regularization": {"l1": l1}})


def _adamw(task: BaseTask) -> Change:
    return Change(patch={"optimizer": {"kind": "adamw", "learning_rate": task.learning_rate}})


def _decay(_task: BaseTask, decay: float) -> Change:
    return optimizer(weight_decay=decay)


def _two_layers(_task: BaseTask) -> Change:
    return Change(patch={"model": {"num_layers": 2}})


def _dropout(_task: BaseTask, share: float) -> Change:
    return Change(patch={"model": {"dropout": share}})


def _size(upload: Upload, share: float) -> Change:
    name = _SIZE[upload.kind]
    return Change(options={name: round(upload.number(name) * share)})


def _few_data(task: BaseTask, share: float) -> Change | None:
    return None if task.upload is None else _size(task.upload, share)


def _memorised(task: BaseTask, noise: float) -> Change | None:
    """Labels of which some are wrong, few enough to be learned by heart."""
    if task.upload is None or task.upload.kind != "labelled":
        return None
    steps = training(num_steps=2 * task.num_steps)
    wide = Change(patch={"model": {"hidden_size": 48}}, options={"random_share": noise})
    return _size(task.upload, 0.3).joined(steps).joined(wide)


def _units(_task: BaseTask, units: float) -> Change:
    return Change(patch={"model": {"hidden_size": round(units)}})


PENALTY = "penalty_dominates"
KINDS = (
    FaultKind(name="l2", leaf=PENALTY, levels=(1e-6, 1e-3, 1e-2, 0.3), draw=_l2),
    FaultKind(name="l1", leaf=PENALTY, levels=(1e-6, 3e-4, 3e-3, 0.1), draw=_l1),
    FaultKind(
        name="weight_decay", leaf=PENALTY, levels=(0.01, 1, 10, 60), draw=_decay, setting=_adamw
    ),
    FaultKind(name="adam_decay", leaf=PENALTY, levels=(1e-6, 1e-3, 3e-2, 1), draw=_decay),
    FaultKind(
        name="dropout",
        leaf="dropout_too_high",
        levels=(0.05, 0.5, 0.85, 0.97),
        draw=_dropout,
        setting=_two_layers,
    ),
    FaultKind(name="few_data", leaf="too_few_data", levels=(0.8, 0.4, 0.25, 0.12), draw=_few_data),
    FaultKind(name="memorised", leaf="overfitting", levels=(0.02, 0.2, 0.4, 0.6), draw=_memorised),
    FaultKind(name="few_units", leaf="capacity_too_small", levels=(12, 4, 2, 1), draw=_units),
)
