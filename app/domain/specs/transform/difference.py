"""The change of a target since an earlier timestep."""

from typing import Literal

import numpy as np
from pydantic import Field

from app.domain.specs.base import Integer
from app.domain.specs.transform.base import Transform
from app.domain.telemetry import DoubleArray

MAX_DIFFERENCE_LAG = 10_000


class Difference(Transform):
    """y(t) - y(t - lag), for targets with a trend, or with a season of `lag` timesteps."""

    kind: Literal["difference"]
    lag: Integer = Field(default=1, ge=1, le=MAX_DIFFERENCE_LAG)
    """Timesteps; 1 for the change since the timestep before, the season for a seasonal one."""

    @property
    def reach(self) -> int:
        return self.lag

    def applied(self, values_N: DoubleArray) -> DoubleArray:
        changes_N = np.full_like(values_N, np.nan)
        changes_N[self.lag :] = values_N[self.lag :] - values_N[: -self.lag]
        return changes_N

    def undone(self, ahead_BHQ: DoubleArray, before_BR: DoubleArray) -> DoubleArray:
        """Adds up the changes: those after `lag` timesteps start from a forecast."""
        values_BHQ = np.empty_like(ahead_BHQ)
        for step in range(ahead_BHQ.shape[1]):
            earlier = step - self.lag
            start_BQ = before_BR[:, step, None] if earlier < 0 else values_BHQ[:, earlier]
            values_BHQ[:, step] = start_BQ + ahead_BHQ[:, step]
        return values_BHQ
