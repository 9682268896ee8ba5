"""A moment of training as bytes: all that the rest of it depends on, and nothing that runs code.

The format is safetensors; what is no tensor is one JSON document in its metadata. Batches, dropout
and evaluation data are pure functions of seed and step, so that there is no generator to save.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.optim import Optimizer

from app.domain.checkpoints import Takes

_NOTES = "checkpoint"
#: First parts of tensor names.
WEIGHTS, OPTIMIZER, SNAPSHOT, BEST = "weights", "optimizer", "snapshot", "best"


class Damaged(Exception):
    """The bytes are no checkpoint of this network."""


class _Notes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GuardNotes(_Notes):
    """What the policy of instability remembers, its saved states aside."""

    rate_factor: float
    num_skipped: int
    num_rollbacks: int
    num_snapshots: int


class ScheduleNotes(_Notes):
    """What the probes have cost so far."""

    last_step: int | None
    last_cost_s: float | None
    total_s: float
    budgeted_s: float


class BestNotes(_Notes):
    """What the best weights so far have scored."""

    step: int
    metric: str
    value: float


class Notes(_Notes):
    """What is no tensor."""

    #: 1 is of before best weights were kept: whoever goes on from it has none either.
    format: Literal[1, 2] = 2
    #: Optimizer steps done.
    step: int
    #: Seconds of training that they took.
    elapsed_s: float
    #: Where the first value that is not finite came from has been told.
    is_origin_known: bool
    guard: GuardNotes
    schedule: ScheduleNotes
    best: BestNotes | None = None
    #: What the bits depend on besides the spec.
    fingerprint: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What is written to the artifact store, and what comes back."""

    notes: Notes
    #: `weights/<tensor>`, `optimizer/<tensor number>/<quantity>`, `snapshot/<number>/…`,
    #: `best/<tensor>`.
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin so, without that beginning."""
        prefix = f"{name}/"
        return {
            key.removeprefix(prefix): tensor
            for key, tensor in self.tensors.items()
            if key.startswith(prefix)
        }


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where training goes on from."""

    checkpoint: Checkpoint
    takes: Takes = Takes.ALL
    #: Steps that an earlier attempt probed after the checkpoint: probed again.
    followed_steps: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Saving:
    """When to save, and where it goes."""

    #: Asked after each step.
    is_due: Callable[[], bool]
    #: Takes the number of steps done and the checkpoint's bytes, after all readings before it.
    keep: Callable[[int, bytes], None]


#: For training that nobody would resume.
NEVER = Saving(is_due=lambda: False, keep=lambda _step, _content: None)


def pack(checkpoint: Checkpoint) -> bytes:
    """A sync point on a GPU."""
    tensors = {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in checkpoint.tensors.items()
    }
    return save(tensors, metadata={_NOTES: checkpoint.notes.model_dump_json()})


def unpack(content: bytes) -> Checkpoint:
    """On the CPU, copied out of `content`. Raises Damaged."""
    try:
        size = int.from_bytes(content[:8], "little")
        header = _Header.model_validate_json(content[8 : 8 + size])
        notes = Notes.model_validate_json(header.metadata.get(_NOTES, ""))
        return Checkpoint(notes=notes, tensors=load(content))
    except (SafetensorError, ValidationError) as error:
        raise Damaged(str(error)) from error


class _Header(BaseModel):
    """The one part of a safetensors header that its library does not read from bytes."""

    metadata: dict[str, str] = {}

    model_config = ConfigDict(
        extra="ignore", alias_generator=lambda name: f"__{name}__", validate_by_name=True
    )


def optimizer_tensors(state: Mapping[str, Any], *, under: str) -> dict[str, Tensor]:
    """The state of each weight; the groups come from the spec, the learning rate from the step."""
    return {
        f"{under}/{index}/{name}": value
        for index, entries in state["state"].items()
        for name, value in entries.items()
        if value is not None
    }


def optimizer_state(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """A state dict of this optimizer from tensors named `<tensor number>/<quantity>`."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition("/")
        state.setdefault(int(index), {})[name] = tensor
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}


def copy_weights_(weights: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> None:
    """Raises Damaged where the saved tensors are not those of this network."""
    shapes = {name: tensor.shape for name, tensor in weights.items()}
    if shapes != {name: tensor.shape for name, tensor in saved.items()}:
        detail = "The tensors are not those of this network."
        raise Damaged(detail)
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(saved[name])
