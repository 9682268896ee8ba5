"""What a kind of fault is, and how it changes a base task."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import JsonValue

from app.domain.specs.patch import merge_patch
from bench.diagnosis.tasks import BaseTask, Document
from bench.diagnosis.uploads import Options, Upload


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of a run: a merge patch of its spec, and options of its upload."""

    patch: Document = field(default_factory=dict)
    options: Options = field(default_factory=dict)

    def joined(self, other: "Change") -> "Change":
        """Returns both changes as one, with the other one on top."""
        return Change(
            patch=merge_patch(self.patch, other.patch),
            options={**self.options, **other.options},
        )


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job spec without seeds, and the data that it learns from."""

    spec: Document
    upload: Upload | None

    @classmethod
    def of(cls, task: BaseTask) -> "Order":
        return cls(spec=task.spec, upload=task.upload)

    def changed(self, change: Change) -> "Order":
        upload = self.upload
        if change.options:
            if upload is None:
                msg = "the task has no upload whose options could change"
                raise ValueError(msg)
            upload = upload.changed(change.options)
        return Order(spec=merge_patch(self.spec, change.patch), upload=upload)


def _no_setting(_task: BaseTask) -> Change | None:
    return Change()


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """A fault that can be injected into base tasks at several strengths."""

    name: str
    #: The cause that it is an instance of; empty for a look-alike, which is meant to be healthy.
    leaf: str
    #: From harmless to total, in the unit of `draw`.
    levels: tuple[float, ...]
    #: Returns the change for a task and a level; None where it does not apply.
    draw: Callable[[BaseTask, float], Change | None]
    #: What the task needs before the fault can act, and solves the task: another optimizer or a
    #: second layer. None where the fault does not apply.
    setting: Callable[[BaseTask], Change | None] = _no_setting

    @property
    def is_lookalike(self) -> bool:
        return not self.leaf

    def changes(self, task: BaseTask, level: float) -> tuple[Change, Change] | None:
        """Returns the setting and the fault; None where the fault does not apply to the task."""
        setting, fault = self.setting(task), self.draw(task, level)
        return None if setting is None or fault is None else (setting, fault)


def sgd(task: BaseTask) -> Change | None:
    """Stochastic gradient descent that solves the task."""
    if task.sgd_rate is None:
        return None
    rule: Document = {"kind": "sgd", "momentum": 0.9, "learning_rate": task.sgd_rate}
    return Change(patch={"optimizer": rule})


def training(**fields: JsonValue) -> Change:
    return Change(patch={"training": fields})


def optimizer(**fields: JsonValue) -> Change:
    return Change(patch={"optimizer": fields})


def init(**fields: JsonValue) -> Change:
    return Change(patch={"init": fields})


def needed_length(task: BaseTask) -> int:
    """Timesteps of the task's sequences."""
    dataset = task.dataset
    length = dataset.get("window", dataset.get("length"))
    if isinstance(length, int):
        return length
    if task.upload is None:
        raise LookupError(task.name)
    return task.upload.count("length")
