"""Carries a run's readings from the device to the store: one copy to the host a flush.

A row of the device's buffer is one step: loss, clip coefficient, non-finite count, then the norm of
gradient, weight and update of each tensor, then (as integers in the same memory) its non-zero
gradient entries.
Shapes: n steps, P tensors, F columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.domain.rollbacks import Rollback
from app.domain.telemetry import (
    FLUSH_EVERY_S,
    FLUSH_EVERY_STEPS,
    DoubleArray,
    FloatArray,
    Reading,
    ReadingBatch,
    TelemetryChunk,
)

_LOSS, _CLIP, _NON_FINITE, _NUM_SCALARS = 0, 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class StepReading:
    """What one step measured, still on the device where it is a tensor."""

    step: int
    loss: Tensor
    clip_coefficient: Tensor
    #: Gradient entries that are NaN or infinite; None if the norms are known to be finite.
    non_finite_count: Tensor | None
    grad_norms: Sequence[Tensor]
    #: Before the update.
    weight_norms: Sequence[Tensor]
    #: None if the update was left out.
    update_norms: Sequence[Tensor] | None
    nonzero_counts: Sequence[Tensor]
    learning_rate: float
    elapsed_s: float


class Recorder:
    """Readings of one attempt, in the order in which they were measured."""

    def __init__(
        self,
        *,
        tensor_sizes: Sequence[int],
        device: torch.device,
        send: Callable[[ReadingBatch], None],
        clock: Callable[[], float],
        goes_on_after_bad_losses: bool = False,
    ) -> None:
        """With `goes_on_after_bad_losses` a loss that is not finite does not end the run.

        The weights then stay as they were.
        """
        self._sizes_P = np.array(tensor_sizes, dtype=np.float64)
        self._goes_on_after_bad_losses = goes_on_after_bad_losses
        self._rollbacks: list[Rollback] = []
        self._send = send
        self._clock = clock
        num_columns = _NUM_SCALARS + 4 * len(tensor_sizes)
        self._rows_nF = torch.zeros(
            FLUSH_EVERY_STEPS, num_columns, dtype=torch.float64, device=device
        )
        self._counts_nF = self._rows_nF.view(torch.int64)
        self._zero = self._rows_nF.new_zeros(())
        self._steps: list[int] = []
        self._learning_rates: list[float] = []
        self._elapsed_s: list[float] = []
        self._readings: list[Reading] = []
        self._flushed_at_s = clock()
        self._has_flushed_steps = False

    def record(self, reading: StepReading) -> None:
        """Keep a step on the device."""
        n, num_counts = len(self._steps), len(self._sizes_P)
        zero, non_finite = self._zero, reading.non_finite_count
        numbers = [
            reading.loss.detach().double(),
            reading.clip_coefficient.double(),
            zero if non_finite is None else non_finite.double(),
            *reading.grad_norms,
            *reading.weight_norms,
            *([zero] * num_counts if reading.update_norms is None else reading.update_norms),
        ]
        # all of a step by one kernel, and its counts, which are no floating-point numbers, by one
        torch.stack(numbers, out=self._rows_nF[n, :-num_counts])
        torch.stack(list(reading.nonzero_counts), out=self._counts_nF[n, -num_counts:])
        self._steps.append(reading.step)
        self._learning_rates.append(reading.learning_rate)
        self._elapsed_s.append(reading.elapsed_s)

    def add(self, readings: Sequence[Reading]) -> None:
        """Keep what is not measured at every step."""
        self._readings.extend(readings)

    def note_rollback(self, rollback: Rollback) -> None:
        self._rollbacks.append(rollback)

    def is_due(self) -> bool:
        """The first step at once, then when it is time or the buffer is full."""
        if not self._has_flushed_steps or len(self._steps) == FLUSH_EVERY_STEPS:
            return True
        return self._clock() - self._flushed_at_s >= FLUSH_EVERY_S

    def flush(self, *, steps_done: int) -> int | None:
        """Send all that is kept, up to the first step with bad loss or weights: returns it."""
        diverged_at = None
        chunk = None
        if self._steps:
            rows_nF = self._rows_nF[: len(self._steps)].cpu().numpy()  # the one sync point
            diverged_at = self._first_bad_step(rows_nF)
            if diverged_at is not None:
                self._drop_after(diverged_at)
                rows_nF = rows_nF[: len(self._steps)]
            chunk = self._chunk(rows_nF)
        batch = ReadingBatch(
            chunk=chunk,
            readings=tuple(self._readings),
            rollbacks=tuple(self._rollbacks),
            progress_step=steps_done if diverged_at is None else diverged_at + 1,
            steps_per_second=self._steps_per_second(),
        )
        self._clear()
        if not batch.is_empty():
            self._send(batch)
        return diverged_at

    def _first_bad_step(self, rows_nF: DoubleArray) -> int | None:
        num_tensors = len(self._sizes_P)
        weights = slice(_NUM_SCALARS + num_tensors, _NUM_SCALARS + 2 * num_tensors)
        is_good_n = np.isfinite(rows_nF[:, weights]).all(axis=1)
        if not self._goes_on_after_bad_losses:
            is_good_n &= np.isfinite(rows_nF[:, _LOSS])
        return None if is_good_n.all() else self._steps[int(np.argmin(is_good_n))]

    def _drop_after(self, step: int) -> None:
        num_kept = self._steps.index(step) + 1
        del self._steps[num_kept:], self._learning_rates[num_kept:], self._elapsed_s[num_kept:]
        self._readings = [reading for reading in self._readings if reading.step <= step]

    def _chunk(self, rows_nF: DoubleArray) -> TelemetryChunk:
        num_tensors = len(self._sizes_P)
        first, second, third, fourth = range(_NUM_SCALARS, rows_nF.shape[1], num_tensors)
        grad_nP = rows_nF[:, first:second]
        weight_nP, update_nP = rows_nF[:, second:third], rows_nF[:, third:fourth]
        nonzero_nP = np.ascontiguousarray(rows_nF[:, fourth:]).view(np.int64)
        weight_n, update_n = combined_norm(weight_nP), combined_norm(update_nP)
        scalars = {
            "loss": rows_nF[:, _LOSS],
            "grad_norm": combined_norm(grad_nP),
            "clip_coefficient": rows_nF[:, _CLIP],
            "update_ratio": update_ratio(update_n, weight_n),
            "learning_rate": np.array(self._learning_rates),
            "elapsed_s": np.array(self._elapsed_s),
            "non_finite_count": rows_nF[:, _NON_FINITE],
        }
        tensors = {
            "grad_norm": grad_nP,
            "weight_norm": weight_nP,
            "update_ratio": update_ratio(update_nP, weight_nP),
            "zero_fraction": 1 - nonzero_nP / self._sizes_P,
        }
        return TelemetryChunk(
            steps_n=np.array(self._steps, dtype=np.int32),
            scalars={name: as_float32(values) for name, values in scalars.items()},
            tensors={name: as_float32(values) for name, values in tensors.items()},
        )

    def _steps_per_second(self) -> float | None:
        passed_s = self._clock() - self._flushed_at_s
        return len(self._steps) / passed_s if self._steps and passed_s > 0 else None

    def _clear(self) -> None:
        self._has_flushed_steps = self._has_flushed_steps or bool(self._steps)
        self._steps, self._learning_rates, self._elapsed_s = [], [], []
        self._readings, self._rollbacks = [], []
        self._flushed_at_s = self._clock()


def combined_norm(norms_nP: DoubleArray) -> DoubleArray:
    """L2 norm over tensors, squares safe from overflow; infinite and NaN stay what they are."""
    peak_n = norms_nP.max(axis=1)
    is_plain_n = np.isfinite(peak_n) & (peak_n > 0)
    scale_n = np.where(is_plain_n, peak_n, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        norm_n: DoubleArray = scale_n * np.sqrt(np.square(norms_nP / scale_n[:, None]).sum(axis=1))
    return norm_n


def update_ratio(update: DoubleArray, weight: DoubleArray) -> DoubleArray:
    """Norm of the change over norm of the weights; 1 where these were all zero: all is new."""
    reference = np.where(weight == 0, update, weight)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio: DoubleArray = np.where(reference == 0, 0.0, update / reference)
    return ratio


def as_float32(values: DoubleArray) -> FloatArray:
    """What is finite stays finite: a norm beyond float32 is kept as its largest number."""
    largest = np.finfo(np.float32).max
    return np.where(np.isfinite(values), np.clip(values, -largest, largest), values).astype(
        np.float32
    )
