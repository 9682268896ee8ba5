"""The input of a diagnosis: one attempt of a run up to one step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar, cast
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.domain.diagnosis.thresholds import DEFAULT, Thresholds
from app.domain.integrity import failed_checks
from app.domain.runs import COMPLETED_AS_ASKED, StopReason
from app.domain.scopes import Scope, ScopeKind
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import (
    DoubleArray,
    FloatArray,
    LagProfile,
    Path,
    ScalarReading,
    Telemetry,
)

Derived = TypeVar("Derived")


def _is_not_finite(column_n: NDArray[np.generic]) -> NDArray[np.bool_]:
    is_finite_n: NDArray[np.bool_] = np.isfinite(column_n)
    return ~is_finite_n


def _is_counted(column_n: NDArray[np.generic]) -> NDArray[np.bool_]:
    """An unknown count is one."""
    is_none_n: NDArray[np.bool_] = column_n <= np.zeros((), column_n.dtype)
    return ~is_none_n


#: Quantity of every step -> whether its values belong to a step that went wrong.
_BAD: Mapping[str, Callable[[NDArray[np.generic]], NDArray[np.bool_]]] = MappingProxyType(
    {"loss": _is_not_finite, "grad_norm": np.isnan, "non_finite_count": _is_counted}
)


@dataclass(frozen=True, kw_only=True)
class ExperimentRun:
    """A run that was made to test a cause of the run that is judged, and that has ended."""

    run_id: UUID
    spec: JobSpec
    #: How far its score is from that of the baseline, 0, to the one that the task allows, 1.
    progress: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """A run that is judged, and the thresholds of the judgement."""

    spec: JobSpec
    #: None until the worker has built the data.
    task: TaskFacts | None
    telemetry: Telemetry
    #: Number of optimizer steps in the job spec.
    num_steps: int
    attempt: int
    has_ended: bool
    stop_reason: StopReason | None
    #: One sentence that says why a run failed; None if it did not.
    error: str | None = None
    #: Step of the best state that was saved and can be forked; None without one.
    saved_best_step: int | None = None
    thresholds: Thresholds = DEFAULT
    #: In the order in which they were submitted.
    experiments: tuple[ExperimentRun, ...] = ()

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
    def was_completed(self) -> bool:
        """Whether the run did what was asked for, rather than being ended before."""
        return self.stop_reason in COMPLETED_AS_ASKED

    @property
    def num_steps_done(self) -> int:
        """Optimizer steps that were done: a reading of step s is taken after s steps."""
        recorded = self.telemetry.last_step
        return max(self.present_step, 0 if recorded is None else recorded + 1)

    @property
    def has_diverged(self) -> bool:
        return self.stop_reason is StopReason.DIVERGED

    @cached_property
    def profiles(self) -> tuple[LagProfile, ...]:
        """The lag profiles of the whole model over all paths, by step.

        Profiles that failed a check are left out.
        """
        return self._profiles_of("total")

    @cached_property
    def uncut_profiles(self) -> tuple[LagProfile, ...]:
        """The lag profiles as they would be without `bptt_length`.

        Where it cuts nothing, and in runs of releases before they were measured, these are the
        `profiles`.
        """
        return self._profiles_of("untruncated") or self.profiles

    def _profiles_of(self, path: Path) -> tuple[LagProfile, ...]:
        return tuple(
            profile
            for profile in self.telemetry.profiles
            if profile.scope == Scope.model()
            and profile.path == path
            and profile.step not in self.failed_checks
        )

    @cached_property
    def failed_checks(self) -> Mapping[int, ScalarReading]:
        """Step -> a failed check of its probe."""
        return failed_checks(self.telemetry.scalar_readings, self.spec.training.precision)

    @cached_property
    def is_bad_n(self) -> NDArray[np.bool_]:
        """(n,) whether loss or gradient is NaN or infinite; not if only the norm overflows.

        Computed once and without a copy of a column, because many causes ask for it.
        """
        columns = self.telemetry.scalars
        bad_n = np.zeros(self.telemetry.steps_n.size, dtype=np.bool_)
        for quantity, is_bad in _BAD.items():
            column_n = np.asarray(columns.get(quantity, ()))
            if column_n.size:
                bad_n |= is_bad(column_n)
        return bad_n

    @cached_property
    def _derived(self) -> dict[Callable[..., object], object]:
        return {}

    def derived(self, compute: Callable[["Case"], Derived]) -> Derived:
        """Returns what a function computes from the case, computed once for all that ask."""
        if compute not in self._derived:
            self._derived[compute] = compute(self)
        return cast("Derived", self._derived[compute])

    def recorded(self, quantity: str) -> FloatArray:
        """Returns the (n,) values of a quantity of every step as recorded, without a copy.

        Empty if it was not recorded. A threshold that they are compared with must be an
        `np.float64`: NumPy would round a Python number to float32.
        """
        return np.asarray(self.telemetry.scalars.get(quantity, ()))

    def scalar(self, quantity: str) -> DoubleArray:
        """Returns a copy of the `recorded` values in double precision, for runs of few steps."""
        return self.recorded(quantity).astype(np.float64)

    def probed(self, quantity: str) -> tuple[DoubleArray, DoubleArray]:
        """Returns steps and values of a quantity of the whole model; values that are NaN left out.

        Both are float64 arrays of the same length, in the order of the probes.
        """
        found = [
            (reading.step, reading.value)
            for reading in self.readings_of(quantity)
            if reading.scope.kind is ScopeKind.MODEL and not np.isnan(reading.value)
        ]
        both_n2 = np.array(found, dtype=np.float64).reshape(-1, 2)
        return both_n2[:, 0], both_n2[:, 1]

    @cached_property
    def _readings(self) -> Mapping[str, Sequence[ScalarReading]]:
        """All scalar readings by quantity, so that each detector does not search all of them."""
        found: dict[str, list[ScalarReading]] = {}
        for reading in self.telemetry.scalar_readings:
            found.setdefault(reading.quantity, []).append(reading)
        return found

    def readings_of(self, quantity: str) -> Sequence[ScalarReading]:
        """Returns the readings of a quantity that is not measured at every step, by step."""
        return self._readings.get(quantity, ())

    def latest(self, quantity: str, kind: ScopeKind, *, name: str | None = None) -> list[float]:
        """Returns the last finite value in each scope of the kind and, if given, of the name."""
        last = {
            reading.scope: reading.value
            for reading in self.readings_of(quantity)
            if reading.scope.kind is kind
            and name in {None, reading.scope.name}
            and np.isfinite(reading.value)
        }
        return list(last.values())
