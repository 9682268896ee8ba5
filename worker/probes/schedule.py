"""When to probe: as often as the budget allows, at the first step and at the end in any case.

Pure: the clock's readings come in, the next schedule comes out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.quantities import ProbeQuantity

#: Probes of one run; more would not be seen on any page.
MAX_PROBES = 200


@dataclass(frozen=True, kw_only=True)
class ProbeSchedule:
    """Steps count from 0; the probe at `num_steps` looks at the finished network."""

    num_steps: int
    #: Largest share of wall time that probes may take, those at the first and last step aside.
    budget: float
    #: Fixed spacing in steps; None adapts to the budget.
    every: int | None = None
    #: Where probes are off, there are none at all.
    is_off: bool = False
    #: Steps probed by an earlier attempt: followed, so that a resumed run has the same probes.
    followed_steps: tuple[int, ...] = ()
    last_step: int | None = None
    #: Seconds of the last probe: about what the next will cost.
    last_cost_s: float | None = None
    #: Seconds of all probes, and of those that the budget covers.
    total_s: float = 0.0
    budgeted_s: float = 0.0

    def is_due(self, step: int, *, elapsed_s: float) -> bool:
        """Whether to probe before this step; elapsed_s is the attempt's wall time with probes."""
        if self.is_off or step == self.last_step:
            return False
        if step in (0, self.num_steps):
            return True
        if self.every is not None:
            return step % self.every == 0
        if self.followed_steps and step <= self.followed_steps[-1]:
            return step in self.followed_steps
        return self._is_spaced(step) and self._is_affordable(elapsed_s)

    def wanted(
        self, cadences: Sequence[tuple[ProbeQuantity, int | None]], *, step: int, is_last: bool
    ) -> tuple[ProbeQuantity, ...]:
        """What the probe of this step measures; the first and the last one measure all.

        Of a quantity with a cadence: where a multiple of it has come by since the probe before.
        """
        before = self.last_step
        if is_last or before is None:
            return tuple(name for name, _ in cadences)
        return tuple(
            name for name, every in cadences if every is None or step // every > before // every
        )

    def after(self, step: int, *, seconds: float) -> "ProbeSchedule":
        is_budgeted = step not in (0, self.num_steps)
        return replace(
            self,
            last_step=step,
            last_cost_s=seconds,
            total_s=self.total_s + seconds,
            budgeted_s=self.budgeted_s + (seconds if is_budgeted else 0.0),
        )

    def share(self, elapsed_s: float) -> float:
        """Share of wall time that budgeted probes have taken."""
        return self.budgeted_s / elapsed_s if elapsed_s > 0 else 0.0

    def _is_spaced(self, step: int) -> bool:
        spacing = math.ceil(self.num_steps / MAX_PROBES)
        return self.last_step is None or step - self.last_step >= spacing

    def _is_affordable(self, elapsed_s: float) -> bool:
        """One more probe stays within the budget; the free probes' time buys none."""
        expected_s = self.last_cost_s
        if expected_s is None:
            return self.budget > 0
        free_s = self.total_s - self.budgeted_s
        wall_s = elapsed_s - free_s + expected_s
        return self.budgeted_s + expected_s <= self.budget * wall_s
