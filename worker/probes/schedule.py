"""Decides when to probe: at the first and the last step, and between as the budget allows.

Pure: times are arguments, and each probe gives the next schedule.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.quantities import ProbeQuantity

#: Probes of one run. No page shows more.
MAX_PROBES = 200
#: Probes between the first step and the last that a run has beside its budget, evenly spaced: three
#: must agree before a finding, and a run that learns late changes between them.
ASSURED_PROBES = 5
#: A run of fewer steps has as many as the budget allows.
MIN_ASSURED_STEPS = 50
#: Largest share of the run that all assured probes may take together. They follow fewer anchors to
#: keep it; where that does not help, as on a GPU that launches bound, there are fewer of them.
ASSURED_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class ProbeSchedule:
    """Steps count from 0. The probe at `num_steps` measures the trained network."""

    num_steps: int
    #: Largest share of wall time for probes, except for those at the first and last step.
    budget: float
    #: Fixed spacing in steps; None adapts to the budget.
    every: int | None = None
    #: True: no probes at all.
    is_off: bool = False
    #: Steps that an earlier attempt probed, at which this one probes too.
    followed_steps: tuple[int, ...] = ()
    last_step: int | None = None
    #: Seconds of the last probe; the next one takes about as long.
    last_cost_s: float | None = None
    #: Seconds of all probes, and of those that the budget covers.
    total_s: float = 0.0
    budgeted_s: float = 0.0
    #: Probes after step 0, and whether the last one was taken whatever it cost.
    num_probes: int = 0
    was_assured: bool = False
    #: Seconds of the assured probes.
    assured_s: float = 0.0

    def is_due(self, step: int, *, elapsed_s: float) -> bool:
        """Whether to probe before this step. `elapsed_s` is the attempt's wall time with probes."""
        if self.is_off or step == self.last_step:
            return False
        if step in (0, self.num_steps):
            return True
        if self.every is not None:
            return step % self.every == 0
        if self.followed_steps and step <= self.followed_steps[-1]:
            return step in self.followed_steps
        if self.is_assured(step) and self._keeps_assured_share(step, elapsed_s):
            return True
        return self._is_spaced(step) and self._is_affordable(elapsed_s)

    def is_assured(self, step: int) -> bool:
        """Whether fewer probes were taken than every run has by this step."""
        if self.every is not None or self.budget == 0 or self.num_steps < MIN_ASSURED_STEPS:
            return False
        num_due = min(ASSURED_PROBES, (ASSURED_PROBES + 1) * step // self.num_steps)
        return self.num_probes < num_due

    def share_of_anchors(self, step: int, *, elapsed_s: float) -> float:
        """Returns the share of the tier's anchors that a probe before this step may follow.

        Less than 1 where an assured probe would take more than its part of `ASSURED_SHARE` of the
        run, by the pace of its steps so far.
        """
        if not self.is_assured(step) or not self.last_cost_s or step == 0:
            return 1.0
        run_s = self._run_s(step, elapsed_s)
        return min(1.0, ASSURED_SHARE / ASSURED_PROBES * run_s / self.last_cost_s)

    def _run_s(self, step: int, elapsed_s: float) -> float:
        """Returns the seconds that all steps take without probes, by the pace so far."""
        return max(elapsed_s - self.total_s, 0.0) * self.num_steps / max(step, 1)

    def _keeps_assured_share(self, step: int, elapsed_s: float) -> bool:
        """Whether one more like the last assured probe fits. The first one is taken in any case."""
        if not self.assured_s or self.last_cost_s is None:
            return True
        return self.assured_s + self.last_cost_s <= ASSURED_SHARE * self._run_s(step, elapsed_s)

    def wanted(
        self, cadences: Sequence[tuple[ProbeQuantity, int | None]], *, step: int, is_last: bool
    ) -> tuple[ProbeQuantity, ...]:
        """What the probe at this step measures; the first and the last probe measure everything.

        A quantity with a cadence is measured if one of its multiples lies after the probe before.
        """
        before = self.last_step
        if is_last or before is None:
            return tuple(name for name, _ in cadences)
        return tuple(
            name for name, every in cadences if every is None or step // every > before // every
        )

    def after(self, step: int, *, seconds: float) -> "ProbeSchedule":
        was_assured = self.is_assured(step)
        is_budgeted = step not in (0, self.num_steps) and not was_assured
        return replace(
            self,
            num_probes=self.num_probes + (step > 0),
            was_assured=was_assured,
            assured_s=self.assured_s + (seconds if was_assured else 0.0),
            last_step=step,
            last_cost_s=seconds,
            total_s=self.total_s + seconds,
            budgeted_s=self.budgeted_s + (seconds if is_budgeted else 0.0),
        )

    def with_cost(self, seconds: float) -> "ProbeSchedule":
        """The last probe took this much longer: it measured the update of its step too."""
        if self.last_step is None:
            return self
        cost_s = (self.last_cost_s or 0.0) + seconds
        is_budgeted = self.last_step not in (0, self.num_steps) and not self.was_assured
        return replace(
            self,
            last_cost_s=cost_s,
            assured_s=self.assured_s + (seconds if self.was_assured else 0.0),
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
        """Whether the budget has room for one more probe. The unbudgeted probes do not count."""
        expected_s = self.last_cost_s
        if expected_s is None:
            return self.budget > 0
        free_s = self.total_s - self.budgeted_s
        wall_s = elapsed_s - free_s + expected_s
        return self.budgeted_s + expected_s <= self.budget * wall_s
