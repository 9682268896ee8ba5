"""What the judgement of an explosion is based on: steps, probes, the loss and the outcome.

Legend: n recorded steps.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.consequence import Consequence, consequence_of
from app.domain.diagnosis.episodes import Episode, Sign, find_episode
from app.domain.diagnosis.explosions import (
    SCALE_STEPS,
    BoolArray,
    ExplodingThresholds,
    Explosions,
    find_explosions,
    recent,
    sensitivities,
)
from app.domain.diagnosis.findings import FindingState
from app.domain.diagnosis.growth import growths
from app.domain.diagnosis.progress import TaskProgress, task_progress
from app.domain.diagnosis.reach import settle_step
from app.domain.diagnosis.recurrence import log_rise
from app.domain.diagnosis.trends import finite_median
from app.domain.scopes import Scope
from app.domain.telemetry import DoubleArray


@dataclass(frozen=True, kw_only=True)
class ExplosionView:
    """The signs of an explosion in one run."""

    case: Case
    limits: ExplodingThresholds

    @cached_property
    def found(self) -> Explosions:
        return self.case.derived(find_explosions)

    @cached_property
    def is_recent_n(self) -> BoolArray:
        return recent(self.case, num_steps=self.limits.recent_steps)

    @cached_property
    def recent_sensitivity_m(self) -> DoubleArray:
        """Gradient times weights by the loss at the start, of the recent steps, which are last."""
        first = self.is_recent_n.size - int(self.is_recent_n.sum())
        return sensitivities(self.case, self.found.loss_scale, slice(first, None))

    @cached_property
    def progress(self) -> TaskProgress | None:
        return task_progress(self.case)

    @cached_property
    def consequence(self) -> Consequence:
        return consequence_of(self.case)

    @cached_property
    def num_sensitive(self) -> int:
        return int((self.found.is_sensitive_n & self.is_recent_n).sum())

    @cached_property
    def num_harmful(self) -> int:
        return int((self.found.is_harmful_n & self.is_recent_n).sum())

    @cached_property
    def present_loss(self) -> float | None:
        return finite_median(self.found.loss_n[-SCALE_STEPS:])

    @cached_property
    def has_lost(self) -> bool:
        """Whether the loss is far above its value at the start, and so was a norm.

        Where no norm was, a few examples have large losses, and the batches of the start had none.
        """
        loss, found = self.present_loss, self.found
        if loss is None or loss <= self.limits.loss_factor * found.loss_scale:
            return False
        usual = finite_median(found.grad_norm_n[:SCALE_STEPS]) or 0.0
        has_grown_n = found.grad_norm_n > np.float64(self.limits.spike_factor * usual)
        return bool((found.is_sensitive_n | found.is_spike_n | has_grown_n).any())

    @cached_property
    def has_relapsed(self) -> bool:
        """Whether the loss rose to that of the start after a spike, and is still there."""
        loss = self.present_loss
        is_back = loss is not None and loss >= self.found.loss_scale
        return is_back and bool(self.found.is_relapse_n.any())

    @cached_property
    def expansion(self) -> Episode | None:
        """The stretch of probes in which the recurrence enlarges the gradient."""
        seen = {one.step: one for one in growths(self.case)}
        signs = [
            Sign(step=step, value=one.log_rise, scope=Scope.model()) for step, one in seen.items()
        ]
        return find_episode(
            signs,
            lambda sign: seen[sign.step].is_expansive(self.limits),
            min_probes=self.limits.min_probes,
            settle_step=settle_step(self.case),
        )

    @property
    def is_expanding(self) -> bool:
        return self.expansion is not None and self.expansion.state is FindingState.ACTIVE

    @cached_property
    def rise(self) -> float | None:
        return log_rise(self.case)

    @property
    def is_curve_rising(self) -> bool:
        return self.rise is not None and self.rise > np.log(self.limits.max_rise)

    @cached_property
    def has_broken(self) -> bool:
        """Whether a gradient that grows with the lag has overflowed."""
        return self.is_curve_rising and bool(self.case.is_bad_n.any())

    @cached_property
    def is_present_n(self) -> BoolArray:
        """Whether a step shows what the finding is about."""
        present_n = self.found.is_present_n.copy()
        if self.has_relapsed:
            present_n |= self.found.is_relapse_n
        if self.has_lost:
            present_n |= self.found.loss_n > np.float64(
                self.limits.loss_factor * self.found.loss_scale
            )
        if self.is_expanding and self.expansion is not None:
            present_n |= self.found.steps_n >= self.expansion.first.step
        return present_n
