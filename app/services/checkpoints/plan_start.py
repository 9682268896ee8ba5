"""Say where a claimed run is to go on from."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.checkpoints import CheckpointRecord
from app.store.checkpoints import latest_checkpoint
from app.store.claims import lock_held
from app.store.database import UnitOfWork
from app.store.rewind import followed_steps


@dataclass(frozen=True, kw_only=True)
class StartPlan:
    #: None: from the first step.
    checkpoint: CheckpointRecord | None
    #: Steps to probe because an earlier attempt did.
    followed_steps: tuple[int, ...]

    @property
    def next_seq(self) -> int:
        return 0 if self.checkpoint is None else self.checkpoint.next_seq


def plan_start(work: UnitOfWork, *, run_id: UUID, attempt: int) -> StartPlan:
    """Raises Fenced when the run is not this attempt's."""
    lock_held(work.session, run_id=run_id, attempt=attempt)
    return StartPlan(
        checkpoint=latest_checkpoint(work.session, run_id),
        followed_steps=followed_steps(work.session, run_id),
    )
