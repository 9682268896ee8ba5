"""The state of training as bytes: all that its continuation depends on, and no code.

The format is safetensors; what is no tensor is one JSON document in the metadata. Batches, dropout
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

from app.domain.checkpoints import CheckpointParts

_NOTES = "checkpoint"
#: Prefixes of tensor names.
WEIGHTS, OPTIMIZER, SNAPSHOT, BEST = "weights", "optimizer", "snapshot", "best"


class Damaged(Exception):
    """The bytes are not a checkpoint, or not one of this network."""


class _Notes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StateNotes(_Notes):
    """A state to which a rollback returns, without its tensors."""

    #: Optimizer steps that made it; None if it is unknown.
    step: int | None
    #: Of its batch; None if it is unknown.
    loss: float | None


class GuardNotes(_Notes):
    """The memory of the instability policy, except for its saved states."""

    rate_factor: float
    num_skipped: int
    num_rollbacks: int
    num_snapshots: int
    #: Of each saved state; empty in checkpoints that were written before they were noted.
    states: tuple[StateNotes, ...] = ()


class ScheduleNotes(_Notes):
    """What the probes have cost so far."""

    last_step: int | None
    last_cost_s: float | None
    total_s: float
    budgeted_s: float
    #: 0 in checkpoints that were written before it was counted.
    num_probes: int = 0
    assured_s: float = 0.0


class BestNotes(_Notes):
    """What the best weights so far have scored."""

    step: int
    metric: str
    value: float


class Notes(_Notes):
    """All of a checkpoint that is no tensor."""

    #: Format 1 has no best weights, and neither has a run that continues from it.
    format: Literal[1, 2] = 2
    #: Optimizer steps done.
    step: int
    #: Seconds that those steps took.
    elapsed_s: float
    #: The origin of the first number that is not finite has been recorded.
    is_origin_known: bool
    guard: GuardNotes
    schedule: ScheduleNotes
    best: BestNotes | None = None
    #: What the bits depend on besides the spec (fingerprint.py).
    fingerprint: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What is written to the artifact store and read from it."""

    notes: Notes
    #: `weights/<tensor>`, `optimizer/<tensor number>/<quantity>`, `snapshot/<number>/…`,
    #: `best/<tensor>`.
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `name/`, without that prefix."""
        prefix = f"{name}/"
        return {
            key.removeprefix(prefix): tensor
            for key, tensor in self.tensors.items()
            if key.startswith(prefix)
        }


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where training continues from."""

    checkpoint: Checkpoint
    takes: CheckpointParts = CheckpointParts.ALL
    #: Steps after the checkpoint that an earlier attempt probed; they are probed again.
    followed_steps: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Saving:
    """When to save, and where the bytes go."""

    #: Asked after each step.
    is_due: Callable[[], bool]
    #: Gets the number of steps done and the bytes, after all earlier readings have been sent.
    keep: Callable[[int, bytes], None]
    #: Gets the same of the best step, before `keep` gets a later one; forks may start there.
    keep_best: Callable[[int, bytes], None] = lambda _step, _content: None


#: For training that is never resumed.
NEVER = Saving(is_due=lambda: False, keep=lambda _step, _content: None)


def pack(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as bytes. Waits for the device."""
    tensors = {
        name: tensor.detach().cpu().contiguous().clone()
        for name, tensor in checkpoint.tensors.items()
    }
    return save(tensors, metadata={_NOTES: checkpoint.notes.model_dump_json()})


def unpack(content: bytes) -> Checkpoint:
    """The checkpoint with tensors on the CPU, copied from `content`. Raises Damaged."""
    try:
        size = int.from_bytes(content[:8], "little")
        header = _Header.model_validate_json(content[8 : 8 + size])
        notes = Notes.model_validate_json(header.metadata.get(_NOTES, ""))
        return Checkpoint(notes=notes, tensors=load(content))
    except (SafetensorError, ValidationError) as error:
        raise Damaged(str(error)) from error


class _Header(BaseModel):
    """The metadata in a safetensors header; the library reads it from files alone."""

    metadata: dict[str, str] = {}

    model_config = ConfigDict(
        extra="ignore", alias_generator=lambda name: f"__{name}__", validate_by_name=True
    )


def optimizer_tensors(state: Mapping[str, Any], *, under: str) -> dict[str, Tensor]:
    """The state of each weight; parameter groups are not saved, since the spec makes them."""
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
    """Copy saved tensors into weights. Raises Damaged where names or shapes differ."""
    shapes = {name: tensor.shape for name, tensor in weights.items()}
    if shapes != {name: tensor.shape for name, tensor in saved.items()}:
        detail = "The tensors are not those of this network."
        raise Damaged(detail)
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(saved[name])
