"""The schedule that lowers the learning rate along half a cosine (Loshchilov & Hutter 2017)."""

import math
from typing import Literal

from app.domain.specs.base import Share
from app.domain.specs.schedule.base import Progress, Schedule


class CosineSchedule(Schedule):
    """Half a cosine from the learning rate to `final_fraction` of it at the last step."""

    kind: Literal["cosine"]
    final_fraction: Share = 0.0
    """Share of the learning rate that is left at the last step."""

    def share(self, progress: Progress, /) -> float:
        last = progress.num_steps - 1
        done = min(1.0, progress.step / last) if last > 0 else 1.0
        low = self.final_fraction
        return low + (1 - low) * 0.5 * (1 + math.cos(math.pi * done))
