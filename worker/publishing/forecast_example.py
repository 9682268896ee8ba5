"""One window of a forecast as the network reads it, and what its outputs mean.

It is computed from the published rows alone, so that `golden.json` tells whether `model.json` says
how to prepare them.
Shapes: n rows, T timesteps, F columns (the target first), H horizon, K outputs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.calendar_features import calendar_columns
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.telemetry import DoubleArray
from worker.datasets.usage import Original, Scaling
from worker.datasets.windows import ForecastOutputs, window_scale

#: Largest relative error of a number that is added to an output.
ADDED_TOLERANCE = 1e-14


@dataclass(frozen=True, kw_only=True)
class ForecastExample:
    """One window with its inputs and the meaning of its outputs."""

    original: Original
    #: Before rounding to float32.
    inputs_TF: DoubleArray
    outputs: ForecastOutputs

    def answer(self, outputs_K: DoubleArray) -> DoubleArray:
        """Returns (K,) outputs in the units of the data."""
        answer_K: DoubleArray = self.outputs(outputs_K[None])[0]
        return answer_K

    def tolerance(self, outputs_K: DoubleArray, *, relative: float) -> float:
        """Returns the largest error of the answer for errors of the outputs.

        `relative` is their error relative to the largest one, or to 1 if that is larger.
        """
        distance = relative * max(1.0, float(np.abs(outputs_K).max()))
        added = max(float(np.abs(part).max(initial=0.0)) for part in self._added)
        distance += ADDED_TOLERANCE * added / float(self.outputs.std_B[0])
        answer_K = self.answer(outputs_K)
        reach = np.abs(self.answer(outputs_K + distance) - answer_K).max()
        return float(reach + ADDED_TOLERANCE * np.abs(answer_K).max())

    @property
    def _added(self) -> tuple[DoubleArray, ...]:
        return (self.outputs.mean_B, *self.outputs.before)


def forecast_example(
    spec: ForecastSpec, original: Original, scaling: Scaling, *, timesteps: int
) -> ForecastExample:
    """Returns the first timesteps of a window."""
    transform = spec.target_transform
    num_rows = min(timesteps + transform.reach, len(original.timesteps))
    rows = original.timesteps[:num_rows]
    times = original.times[: num_rows + max(spec.calendar_leads, default=0)]
    values_nF = np.array(rows, dtype=np.float64)
    levels = transform.levels(values_nF[:, 0])
    learned_TF = np.column_stack([levels[-1], values_nF[:, 1:]])[transform.reach :]
    mean_F, std_F = np.array(scaling.mean), np.array(scaling.std)
    is_rate = spec.loss.link == "exp"
    if spec.scaling == "per_window":
        own = window_scale(learned_TF[:, :1], mean_F[:1], std_F[:1], is_rate=is_rate)
        mean_F, std_F = (
            np.append(one, of_series[1:])
            for one, of_series in zip(own, (mean_F, std_F), strict=True)
        )
    inputs_TF = (learned_TF - mean_F) / std_F
    return ForecastExample(
        original=Original(series=original.series, timesteps=rows, times=times),
        inputs_TF=np.concatenate([inputs_TF, *_calendar(spec, times, len(inputs_TF))], axis=1),
        outputs=ForecastOutputs(
            mean_B=mean_F[:1],
            std_B=std_F[:1],
            transform=transform,
            before=transform.before(levels, np.array([len(rows)], dtype=np.int32)),
            horizon=spec.horizon,
            is_rate=is_rate,
        ),
    )


def _calendar(spec: ForecastSpec, times: Sequence[str], timesteps: int) -> Iterator[DoubleArray]:
    """Yields (T, 2 C) for each lead; the first times may be of rows that are no timesteps."""
    local_n = np.array(times, dtype="datetime64[s]").astype(np.int64)
    first = len(local_n) - timesteps - max(spec.calendar_leads, default=0)
    for lead in spec.calendar_leads:
        ahead_T = local_n[first + lead : first + lead + timesteps]
        yield calendar_columns(ahead_T, spec.calendar)
