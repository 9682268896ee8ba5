"""Checkpoints of a run: their rows in the database and the names of their files."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

#: Checkpoints kept for each run: the last one, and the one before in case its file is damaged.
NUM_KEPT = 2
#: Kept beside them: that of the best step, and until the next one is saved, that of the best step
#: before it.
NUM_BEST_KEPT = 2


class CheckpointParts(StrEnum):
    """The parts of a checkpoint with which a run continues; a fork may use only some."""

    ALL = "all"
    WEIGHTS_AND_OPTIMIZER = "weights_and_optimizer"
    WEIGHTS = "weights"


@dataclass(frozen=True, kw_only=True)
class CheckpointRecord:
    """A checkpoint from which a run can continue."""

    run_id: UUID
    #: Number of optimizer steps done.
    step: int
    #: The attempt that wrote it; 0 for the checkpoint from which a fork started.
    attempt: int
    #: Name of its file in the artifact store.
    name: str
    num_bytes: int
    sha256: str
    #: Number of the first batch of readings after it.
    next_seq: int
    takes: CheckpointParts
    created_at: datetime
    #: False for the state of the best step, which was saved later than it was reached: only forks
    #: start from it.
    for_resume: bool = True


def checkpoint_name(step: int, attempt: int, *, for_resume: bool = True) -> str:
    """Returns the name in the artifact store, which differs between attempts."""
    kind = "checkpoint" if for_resume else "checkpoint-best"
    return f"{kind}-{step:09d}-{attempt:04d}.safetensors"
