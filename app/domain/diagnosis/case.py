"""What a diagnosis looks at: one attempt of a run up to one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.domain.diagnosis.thresholds import DEFAULT, Thresholds
from app.domain.integrity import failed_checks
from app.domain.runs import StopReason
from app.domain.scopes import Scope, ScopeKind
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import DoubleArray, LagProfile, ScalarReading, Telemetry


@dataclass(frozen=True, kw_only=True)
class Case:
    """A run to be judged."""

    spec: JobSpec
    #: None until the worker has built the data.
    task: TaskFacts | None
    telemetry: Telemetry
    #: Optimizer steps that were asked for.
    num_steps: int
    attempt: int
    has_ended: bool
    stop_reason: StopReason | None
    #: By which it is judged.
    thresholds: Thresholds = DEFAULT

    @cached_property
    def as_of_step(self) -> int | None:
        """The last step with a reading of any kind."""
        last = [self.telemetry.last_step] if self.telemetry.last_step is not None else []
        probes = [profile.step for profile in self.telemetry.profiles]
        readings = [reading.step for reading in self.telemetry.scalar_readings]
        return max(last + probes + readings, default=None)

    @property
    def present_step(self) -> int:
        return self.as_of_step or 0

    @property
    def has_diverged(self) -> bool:
        return self.stop_reason is StopReason.DIVERGED

    @cached_property
    def profiles(self) -> tuple[LagProfile, ...]:
        """The lag profiles that are judged: of the whole model, through every path, by step.

        Without those that failed their own checks.
        """
        return tuple(
            profile
            for profile in self.telemetry.profiles
            if profile.scope == Scope.model()
            and profile.path == "total"
            and profile.step not in self.failed_checks
        )

    @cached_property
    def failed_checks(self) -> Mapping[int, ScalarReading]:
        """Step -> a check that its probe failed."""
        return failed_checks(self.telemetry.scalar_readings, self.spec.training.precision)

    def scalar(self, quantity: str) -> DoubleArray:
        """(n,) a quantity with one value a step; empty when it was not recorded."""
        return np.asarray(self.telemetry.scalars.get(quantity, ()), dtype=np.float64)

    def latest(self, quantity: str, kind: ScopeKind, *, name: str | None = None) -> list[float]:
        """The last finite value in each scope of a kind, and with that name where one is given."""
        last = {
            reading.scope: reading.value
            for reading in self.telemetry.scalar_readings
            if reading.quantity == quantity
            and reading.scope.kind is kind
            and name in {None, reading.scope.name}
            and np.isfinite(reading.value)
        }
        return list(last.values())
