"""A run's readings as NumPy arrays, from the worker to the store and to the diagnosis.

Legend: n steps, P tensors, T lags or timesteps. Steps count from 0. NaN and infinity are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.domain.rollbacks import Rollback
from app.domain.scopes import Direction, Scope, Split

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

ProfileShape = Literal["exponential", "power_law", "plateau", "rising", "undetermined"]
Cotangent = Literal["loss", "random"]
Path = Literal["total", "within_layer", "untruncated"]
Interval = tuple[float, float]
#: Quantity of every step: seconds of training since the run began, over its attempts.
ELAPSED = "elapsed_s"
#: Longest time that a reading waits in the worker, so that clients can read it soon.
FLUSH_EVERY_S = 0.5
#: Largest number of steps that wait for the next flush.
FLUSH_EVERY_STEPS = 256
#: Largest number of flushes that are stored together, when more than one waits for the database.
MAX_MERGED_FLUSHES = 16
#: Approximate memory of a record without its arrays.
RECORD_BYTES = 512
#: The parts of a step, in the order of computation, in which a number can become non-finite.
Place = Literal["input", "forward", "loss", "backward", "optimizer"]
#: The value of a `non_finite.where` reading is an index into this.
PLACES: tuple[Place, ...] = ("input", "forward", "loss", "backward", "optimizer")


@dataclass(frozen=True, kw_only=True)
class TelemetryChunk:
    """The recorded steps that one flush carries."""

    #: (n,) optimizer steps, ascending.
    steps_n: IntArray
    #: Seconds of training since the attempt's step 0, per step, are the quantity `elapsed_s`.
    scalars: Mapping[str, FloatArray]
    #: quantity -> (n, P), columns in the order of the run's tensor names.
    tensors: Mapping[str, FloatArray]

    @property
    def first_step(self) -> int:
        return int(self.steps_n[0])

    @property
    def last_step(self) -> int:
        return int(self.steps_n[-1])


@dataclass(frozen=True, kw_only=True)
class ScalarReading:
    """One number that is not measured at every step: a task metric or a probe's scalar."""

    step: int
    quantity: str
    scope: Scope
    value: float


@dataclass(frozen=True, kw_only=True)
class ProbeGap:
    """Why a probe could not measure a requested quantity."""

    step: int
    quantity: str
    scope: Scope
    #: A clause: "the state has 8192 coordinates, more than 512".
    reason: str


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """Largest lag before the profile first falls below `threshold` of lag 0, in timesteps."""

    value: int
    #: First lag below the threshold; None when censored.
    first_below: int | None
    #: True when the profile never falls below within the sequence: the horizon is at least `value`.
    censored: bool
    threshold: float
    #: 95 % bootstrap interval over sequences.
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class LagRatio:
    """Gradient norm at the required lag relative to lag 0, with its 95 % bootstrap interval."""

    lag: int
    value: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class LagProfile:
    """Norm of the gradients of single loss terms with respect to the state, over the lag.

    An anchor is the loss term at one timestep of one sequence; its lag counts back from there.

    `log_norm_T[k]` = ln RMS over anchors of ||dl_a / ds_(a-k)||, -inf for an exact zero.
    """

    step: int
    #: The model, whose profile is judged, or a layer.
    scope: Scope
    layer: int
    direction: Direction
    path: Path
    log_norm_T: DoubleArray
    #: Anchors that have this lag within their sequence.
    num_anchors_T: IntArray
    #: Profile of the hidden part and, for LSTM, the cell part alone; None if there is none.
    log_norm_hidden_T: DoubleArray | None = None
    log_norm_cell_T: DoubleArray | None = None
    #: Each coordinate times its standard deviation over the sample.
    log_norm_scaled_T: DoubleArray | None = None
    #: Median over sequences instead of RMS.
    log_norm_median_T: DoubleArray | None = None
    #: A float32 backward pass would have given exact zeros somewhere.
    underflowed: bool
    cotangent: Cotangent
    shape: ProfileShape
    #: Theil-Sen slope in nats per timestep of lag, negative = decays; only when exponential.
    decay_rate: float | None
    decay_rate_interval: Interval | None
    #: Lags (first, last) that the slope was fitted over.
    fit_lags: tuple[int, int] | None
    #: Norm at the end of the entry transient relative to lag 0.
    entry_ratio: float | None
    horizon: Horizon
    #: None if the required lag is unknown or longer than the sequence.
    ratio_at_required_lag: LagRatio | None


@dataclass(frozen=True, kw_only=True)
class PositionProfile:
    """Norm of the training gradient at the states of one layer and direction, over position.

    Natural logarithms of the RMS over sequences, -inf for an exact zero. L is the sum over the
    sequences of their shares in the mean loss, so that it does not depend on the sample's size.
    """

    step: int
    #: A layer.
    scope: Scope
    layer: int
    direction: Direction
    #: ||dL / dh_t||, through every later timestep and upper layer.
    log_hidden_T: DoubleArray
    #: The part of it that enters at t itself, from the read-out or from the layer above.
    log_immediate_T: DoubleArray
    #: ||dL / dc_t||; None if there is no cell state.
    log_cell_T: DoubleArray | None = None
    #: Sequences that are longer than t.
    num_sequences_T: IntArray


@dataclass(frozen=True, kw_only=True)
class ScoreDetails:
    """The scores of one split of the data, divided by horizon, series or class."""

    step: int
    split: Split
    #: `horizon`: a list of metrics by name, from the first step ahead. `series`: label -> metrics.
    #: `recursive`: metrics of steps ahead, with `step`.
    #: `class`: label -> metrics. `confusion`: rows of counts, one for each class of `class`.
    details: Mapping[str, JsonValue]

    @property
    def scope(self) -> Scope:
        return Scope.split(self.split)


#: What is not measured at every step: a task metric with its details, the result of a probe, or why
#: it has none.
Reading = ScalarReading | ScoreDetails | LagProfile | PositionProfile | ProbeGap
OneKind = TypeVar("OneKind", ScalarReading, ScoreDetails, LagProfile, PositionProfile, ProbeGap)


def of_kind(kind: type[OneKind], readings: Iterable[Reading]) -> tuple[OneKind, ...]:
    """Returns the readings of one kind, in their order."""
    return tuple(one for one in readings if isinstance(one, kind))


@dataclass(frozen=True, kw_only=True)
class ReadingBatch:
    """What one flush carries to the store, which writes it in one transaction."""

    chunk: TelemetryChunk | None = None
    readings: tuple[Reading, ...] = ()
    #: By step.
    rollbacks: tuple[Rollback, ...] = ()
    #: Optimizer steps done so far.
    progress_step: int = 0
    steps_per_second: float | None = None
    #: Seconds that training waited before it, because the database accepted no more.
    waited_s: float = 0.0
    #: When its last step was trained, by the database's clock; None means when it is stored.
    recorded_at: datetime | None = None
    #: Seconds that the probes of the run took until now, in all attempts; None if there were none.
    probe_seconds: float | None = None
    #: The same for training with evaluations and probes.
    elapsed_s: float | None = None

    @property
    def num_bytes(self) -> int:
        """Memory of the batch, accurate to a few per cent."""
        return _num_bytes(self)

    @property
    def probe_share(self) -> float | None:
        """The share of the wall time until now that probes took; None if it is unknown."""
        if self.probe_seconds is None or not self.elapsed_s:
            return None
        return self.probe_seconds / self.elapsed_s

    def time_of(self, step: int) -> datetime | None:
        """Returns when a step was trained, of those in the chunk; None if it is unknown.

        The time of another step is that of the nearest one in the chunk.
        """
        elapsed_n = None if self.chunk is None else self.chunk.scalars.get(ELAPSED)
        if self.recorded_at is None or self.chunk is None or elapsed_n is None:
            return self.recorded_at
        elapsed_s = np.interp(step, self.chunk.steps_n, elapsed_n)
        return self.recorded_at - timedelta(seconds=float(elapsed_n[-1] - elapsed_s))

    def is_empty(self) -> bool:
        return self.chunk is None and not self.readings


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """Every reading of a run up to one moment."""

    steps_n: IntArray
    scalars: Mapping[str, FloatArray]
    tensor_names: tuple[str, ...] = ()
    tensors: Mapping[str, FloatArray] = field(default_factory=dict)
    #: Ordered by step.
    scalar_readings: tuple[ScalarReading, ...] = ()
    #: Ordered by step.
    profiles: tuple[LagProfile, ...] = ()

    def series(self, quantity: str, scope: Scope) -> tuple[IntArray, DoubleArray]:
        """Returns steps and values of a quantity that is not measured at every step."""
        found = self._by_series.get((quantity, scope), ())
        steps = np.array([r.step for r in found], dtype=np.int32)
        return steps, np.array([r.value for r in found], dtype=np.float64)

    @cached_property
    def _by_series(self) -> Mapping[tuple[str, Scope], Sequence[ScalarReading]]:
        """The readings of each quantity and scope, sorted once because a diagnosis asks often."""
        series: dict[tuple[str, Scope], list[ScalarReading]] = {}
        for one in self.scalar_readings:
            series.setdefault((one.quantity, one.scope), []).append(one)
        return series

    @property
    def last_step(self) -> int | None:
        return int(self.steps_n[-1]) if self.steps_n.size else None


def _num_bytes(part: object) -> int:
    """Returns the memory of a record with all arrays and records in it; a scope counts as 0."""
    if isinstance(part, np.ndarray):
        return part.nbytes
    if isinstance(part, Mapping):
        return sum(map(_num_bytes, part.values()))
    if isinstance(part, tuple):
        return sum(map(_num_bytes, part))
    if is_dataclass(part) and not isinstance(part, Scope):
        return RECORD_BYTES + sum(map(_num_bytes, vars(part).values()))
    return 0
