"""The schedule that consists of a warm-up only."""

from typing import Literal

from app.domain.specs.base import PositiveInt
from app.domain.specs.schedule.base import Progress, Schedule


class WarmupSchedule(Schedule):
    """Linear rise over `warmup_steps`, then constant."""

    kind: Literal["warmup"]
    warmup_steps: PositiveInt = 500
    """Number of first steps, over which the learning rate rises linearly from 0."""

    def share(self, _progress: Progress, /) -> float:
        return 1.0
