"""The target column of a forecast in its own units: what is scored, and its baselines.

Shapes: N rows of all series end to end, n rows of one, B windows, H horizon,
Q outputs for each value, K = H Q, S series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.scopes import Split
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.loss.base import Loss
from app.domain.task import SCALED, Baseline
from app.domain.telemetry import DoubleArray, IntArray
from worker.scoring.baselines import TrivialPredictor, lowest_first
from worker.scoring.numbers import InUnits, NumberScale, NumberTruth
from worker.scoring.truth import Truth


@dataclass(frozen=True, kw_only=True)
class SeriesTarget:
    """The target of one series. Values that were not measured are filled in."""

    values_n: DoubleArray
    is_measured_n: NDArray[np.bool_]
    #: In the series column; None if there is none.
    label: str | None = None
    #: Rows of the training part, which is the first one.
    num_train: int
    #: Of the training part, in the units of the data.
    mean: float
    std: float

    def learned(self) -> DoubleArray:
        """Returns the measured values of the training part, or the filled ones if it has none."""
        values_n = self.values_n[: self.num_train]
        measured_n = values_n[self.is_measured_n[: self.num_train]]
        return measured_n if measured_n.size else values_n

    def best_constant(self, loss: Loss) -> DoubleArray:
        """Returns (Q,) the predictions that are best for the loss over the training part."""
        scale = NumberScale(mean=np.array(self.mean), std=np.array(self.std), link=loss.link)
        return scale.best_constant(loss, self.learned())

    def naive_error(self, period: int) -> float:
        """Returns the mean absolute change over a period in the training part; NaN if it is 0."""
        known_n = np.where(self.is_measured_n, self.values_n, np.nan)[: self.num_train]
        change_n = np.abs(known_n[period:] - known_n[:-period])
        change_n = change_n[~np.isnan(change_n)]
        return float(change_n.mean()) if change_n.any() else float("nan")


@dataclass(frozen=True, kw_only=True)
class Target:
    """The target of all series, end to end."""

    series: tuple[SeriesTarget, ...]
    #: Period of the naive forecast that MASE compares with; 1 without a season.
    season: int
    loss: Loss
    values_N: DoubleArray
    is_measured_N: NDArray[np.bool_]
    #: Position of each row's series.
    series_N: IntArray

    @classmethod
    def of(cls, series: Sequence[SeriesTarget], *, season: int, loss: Loss) -> Self:
        sizes = [len(one.values_n) for one in series]
        return cls(
            series=tuple(series),
            season=season,
            loss=loss,
            values_N=np.concatenate([one.values_n for one in series]),
            is_measured_N=np.concatenate([one.is_measured_n for one in series]),
            series_N=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
        )

    @property
    def has_gaps(self) -> bool:
        return not bool(self.is_measured_N.all())

    def truth(self, start_B: IntArray, *, horizon: int, in_units: InUnits) -> NumberTruth:
        """Returns the targets of windows; `in_units` is for the outputs for these windows."""
        row_BH, place_B = start_B[:, None] + np.arange(horizon), self.series_N[start_B]
        labels = tuple(one.label for one in self.series if one.label is not None)
        return NumberTruth(
            wanted_NO=np.where(self.is_measured_N[row_BH], self.values_N[row_BH], np.nan),
            mean_N=np.array([one.mean for one in self.series])[place_B],
            std_N=np.array([one.std for one in self.series])[place_B],
            own_in_units=in_units,
            loss=self.loss,
            naive_error_N=np.array([one.naive_error(self.season) for one in self.series])[place_B],
            series=labels,
            series_N=place_B if labels else None,
        )

    def repeated(
        self, start_B: IntArray, *, horizon: int, period: int, width: int | None = None
    ) -> DoubleArray:
        """Returns (B, K): the last period before the window's end, over and over.

        Each value stands `width` times, once for each output of the loss by default. It is NaN
        where the period begins before the series.
        """
        ahead_H = np.arange(horizon)
        row_BH = start_B[:, None] + ahead_H - period * (ahead_H // period + 1)
        first_S = np.searchsorted(self.series_N, np.arange(len(self.series)))
        is_before_BH = row_BH < first_S[self.series_N[start_B]][:, None]
        forecast_BH: DoubleArray = np.where(is_before_BH, np.nan, self.values_N[row_BH])
        return np.repeat(forecast_BH, width or self.loss.outputs_per_target, axis=1)

    def constant(self, level_SQ: DoubleArray, start_B: IntArray, *, horizon: int) -> DoubleArray:
        """Returns (B, K): the same levels for each value of a series."""
        level_BQ: DoubleArray = level_SQ[self.series_N[start_B]]
        return np.tile(level_BQ, (1, horizon))


def forecast_baselines(
    spec: ForecastSpec,
    target: Target,
    evaluated: Mapping[Split, IntArray],
    truths: Mapping[Split, Truth],
) -> tuple[Baseline, ...]:
    """Returns the best constant for the loss and the naive forecasts, scored on every split.

    `evaluated` are the first target rows of the windows that are scored. The first baselines are in
    training standard deviations, the last ones in the units of the data.
    """
    level_SQ = np.stack([one.best_constant(spec.loss) for one in target.series])
    statistic, metric = spec.loss.statistic, spec.loss.metric
    horizon = spec.horizon
    predictors = [
        TrivialPredictor(
            name="naive",
            source="repeat the last value",
            answers={
                split: target.repeated(start_B, horizon=horizon, period=1)
                for split, start_B in evaluated.items()
            },
        ),
        TrivialPredictor(
            name=f"predict_{statistic}",
            source=f"the {statistic} of the training part of each series",
            answers={
                split: target.constant(level_SQ, start_B, horizon=horizon)
                for split, start_B in evaluated.items()
            },
        ),
    ]
    if spec.season is not None:
        seasonal = TrivialPredictor(
            name="seasonal_naive",
            source=f"the value of {spec.season} timesteps before",
            answers={
                split: target.repeated(start_B, horizon=horizon, period=spec.season)
                for split, start_B in evaluated.items()
            },
        )
        predictors.append(seasonal)
    return lowest_first(predictors, truths, metrics=[f"{metric}{SCALED}", metric])
