"""Find the checkpoint from which a claimed run continues."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.checkpoints import CheckpointRecord
from app.store.attempts import lock_held
from app.store.checkpoints import latest_checkpoint
from app.store.database import UnitOfWork
from app.store.rewind import followed_steps


@dataclass(frozen=True, kw_only=True)
class StartPlan:
    """Where a claimed run starts."""

    #: The checkpoint to continue from; None to start at the first step.
    checkpoint: CheckpointRecord | None
    #: Steps to probe because an earlier attempt probed them.
    followed_steps: tuple[int, ...]
    #: The step at which a fork starts; 0 for other runs.
    first_step: int = 0

    @property
    def next_seq(self) -> int:
        """Number of the first batch of readings to send."""
        return 0 if self.checkpoint is None else self.checkpoint.next_seq


def plan_start(work: UnitOfWork, *, run_id: UUID, attempt: int) -> StartPlan:
    """Returns the start of this attempt. Raises Fenced when the run belongs to another one."""
    run = lock_held(work.session, run_id=run_id, attempt=attempt)
    return StartPlan(
        checkpoint=latest_checkpoint(work.session, run_id),
        followed_steps=followed_steps(work.session, run_id),
        first_step=run.parent_step or 0,
    )
