"""The schedule that lowers the learning rate in steps."""

from typing import Literal

from app.domain.specs.base import Positive, PositiveInt
from app.domain.specs.schedule.base import Progress, Schedule


class StepSchedule(Schedule):
    """Multiply the learning rate by `factor` every `every` steps."""

    kind: Literal["step"]
    every: PositiveInt = 1000
    """Steps between two changes."""
    factor: Positive = 0.5
    """What the learning rate is multiplied by."""

    def share(self, progress: Progress, /) -> float:
        return float(self.factor ** (progress.step // self.every))
