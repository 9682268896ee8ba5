"""A saved moment of a run's training, as the database knows it; the tensors are in a file."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

#: The one before the last is for when the last one's file is damaged.
NUM_KEPT = 2


class Takes(StrEnum):
    """What of a checkpoint a run goes on with; a fork leaves some of it behind."""

    ALL = "all"
    WEIGHTS_AND_OPTIMIZER = "weights_and_optimizer"
    WEIGHTS = "weights"


@dataclass(frozen=True, kw_only=True)
class CheckpointRecord:
    """Where a run can go on from."""

    run_id: UUID
    #: Optimizer steps done.
    step: int
    #: That wrote it; 0 for one that a fork began with.
    attempt: int
    #: Of its file in the artifact store.
    name: str
    num_bytes: int
    sha256: str
    #: Number of the first batch of readings after it.
    next_seq: int
    takes: Takes
    created_at: datetime


def checkpoint_name(step: int, attempt: int) -> str:
    """Two attempts never write the same file."""
    return f"checkpoint-{step:09d}-{attempt:04d}.safetensors"
