"""The schedule with a constant learning rate."""

from typing import Literal

from app.domain.specs.schedule.base import Progress, Schedule


class ConstantSchedule(Schedule):
    """The learning rate stays constant."""

    kind: Literal["constant"] = "constant"

    def share(self, _progress: Progress, /) -> float:
        return 1.0
