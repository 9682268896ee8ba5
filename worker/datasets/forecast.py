"""Forecast the next values of a column from a window of the past.

Series are split by time, and no target of one part is a target of another. Each series is scaled by
mean and standard deviation of its own training part, and the loss is in these units. A target that
was filled in is neither trained on nor scored.
Shapes: N rows of a series, F columns (the target first), T window, H horizon, W windows,
B sequences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from app.domain.datasets import read_table
from app.domain.errors import InvalidData
from app.domain.scopes import SPLITS, Split
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.tables import Table
from app.domain.task import Baseline, MetricMode, RequiredLag, TaskFacts
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.context_gain import (
    MAX_SCORED_WINDOWS,
    MAX_WINDOWS,
    estimate_lag,
    longest_context,
    spread,
)
from worker.datasets.maker import TaskOfUpload
from worker.datasets.objectives import NumberError
from worker.datasets.sampling import EVALUATION_SEQUENCES, StoredData
from worker.datasets.splits import bounds
from worker.datasets.table import groups, is_date, matrix, ordered_rows, refuse_missing, scale_of
from worker.datasets.task import Batch, Task
from worker.datasets.usage import (
    NUM_EXAMPLES,
    CsvLayout,
    NumberInput,
    NumberOutput,
    Original,
    Scaling,
    Usage,
)
from worker.scoring.forecasts import SeriesTarget, Target, forecast_baselines
from worker.seeding import numpy_generator

#: Windows, evenly spaced, that validation and test are evaluated on.
MAX_EVALUATION_WINDOWS = 1024


@dataclass(frozen=True, kw_only=True)
class Windows:
    """All series end to end, scaled, and where the windows' targets start."""

    values_NF: DoubleArray
    target: Target
    #: First target row of each window, by split.
    starts: dict[Split, IntArray]
    window: int
    horizon: int
    usage: Usage

    def inputs_of(self, start_B: IntArray, *, last: int | None = None) -> DoubleArray:
        """(T, B, F) of the whole windows, or of their `last` timesteps."""
        size = self.window if last is None else last
        inputs_TBF: DoubleArray = self.values_NF[np.arange(-size, 0)[:, None] + start_B]
        return inputs_TBF

    def targets_of(self, start_B: IntArray) -> DoubleArray:
        targets_BH: DoubleArray = self.values_NF[start_B[:, None] + np.arange(self.horizon), 0]
        return targets_BH

    def batch(self, start_B: IntArray) -> Batch:
        """Targets that were filled in are NaN."""
        targets_BH = self.targets_of(start_B)
        if self.target.has_gaps:
            row_BH = start_B[:, None] + np.arange(self.horizon)
            targets_BH = np.where(self.target.is_measured_N[row_BH], targets_BH, np.nan)
        return Batch(
            inputs_TBI=torch.from_numpy(self.inputs_of(start_B).astype(np.float32)),
            targets=torch.from_numpy(targets_BH.astype(np.float32)),
        )


def build_forecast(spec: ForecastSpec, upload: bytes) -> Task:
    windows = _cut(spec, read_table(upload))
    train_W = windows.starts["train"]
    evaluated = {
        split: _evaluated(start_W, split, spec.seed) for split, start_W in windows.starts.items()
    }
    truths = {
        split: windows.target.truth(start_W, horizon=spec.horizon)
        for split, start_W in evaluated.items()
    }
    return Task(
        facts=_facts(spec, windows, forecast_baselines(spec, windows.target, evaluated, truths)),
        objective=NumberError(spec.loss, has_gaps=windows.target.has_gaps),
        data=StoredData(
            num_items=len(train_W), gather=lambda index_B: windows.batch(train_W[index_B])
        ),
        evaluation={split: windows.batch(start_W) for split, start_W in evaluated.items()},
        usage=windows.usage,
        own_truths=truths,
    )


def _evaluated(start_W: IntArray, split: Split, seed: int) -> IntArray:
    """In random order: probes use the first windows, and neighbours in time are nearly the same."""
    most = EVALUATION_SEQUENCES if split == "train" else MAX_EVALUATION_WINDOWS
    chosen_W = spread(start_W, most)
    shuffled_W: IntArray = numpy_generator(seed, "evaluation", split).permutation(chosen_W)
    return shuffled_W


def _cut(spec: ForecastSpec, table: Table) -> Windows:
    names = [spec.target, *(name for name in spec.features if name != spec.target)]
    values_NF = matrix(table, names)
    if spec.missing == "reject":
        refuse_missing(table, values_NF, names)
    labels = ("",) if spec.series_column is None else groups(table, spec.series_column)[1]
    scaled: list[DoubleArray] = []
    scalings: list[Scaling] = []
    targets: list[SeriesTarget] = []
    starts: dict[Split, list[IntArray]] = {}
    offsets = [0]
    rows_of_series = ordered_rows(table, group=spec.series_column, by=spec.time_column)
    for label, rows in zip(labels, rows_of_series, strict=True):
        series_NF, is_measured_N = _without_gaps(values_NF[rows], spec)
        what = f"series {label!r}" if label else "the series"
        ends = bounds(len(series_NF), spec.split, what=f"rows of {what}")
        _refuse_long_season(spec, ends[0], what)
        for split, start_W in _starts(spec, ends, what, is_measured_N).items():
            starts.setdefault(split, []).append(start_W + offsets[-1])
        part = f"the training part of {what} (its first {ends[0]} rows)"
        mean_F, std_F = scale_of(series_NF[: ends[0]], names, what=part)
        scaled.append((series_NF - mean_F) / std_F)
        scalings.append(Scaling.of(mean_F, std_F, series=label or None))
        targets.append(
            SeriesTarget(
                values_n=series_NF[:, 0],
                is_measured_n=is_measured_N,
                label=label or None,
                num_train=ends[0],
                mean=float(mean_F[0]),
                std=float(std_F[0]),
            )
        )
        offsets.append(offsets[-1] + len(series_NF))

    def original(start: int) -> Original:
        index = int(np.searchsorted(offsets, start, side="right")) - 1
        series_NF, _ = _without_gaps(values_NF[rows_of_series[index]], spec)
        first = start - offsets[index] - spec.window
        window_TF = series_NF[first : first + spec.window]
        return Original.of(window_TF, series=scalings[index].series)

    train_W = _evaluated(np.concatenate(starts["train"]), "train", spec.seed)
    return Windows(
        values_NF=np.concatenate(scaled),
        target=Target.of(targets, season=spec.season or 1),
        starts={split: np.concatenate(parts) for split, parts in starts.items()},
        window=spec.window,
        horizon=spec.horizon,
        usage=_usage(
            spec, table, names, scalings, [original(int(at)) for at in train_W[:NUM_EXAMPLES]]
        ),
    )


def _usage(
    spec: ForecastSpec,
    table: Table,
    names: Sequence[str],
    scalings: Sequence[Scaling],
    originals: Sequence[Original],
) -> Usage:
    """The target is the first column: its scaling is that of the outputs."""
    of_target = tuple(replace(each, mean=each.mean[:1], std=each.std[:1]) for each in scalings)
    ahead = tuple(f"{spec.target} +{step}" for step in range(1, spec.horizon + 1))
    return Usage(
        input=NumberInput(columns=tuple(names), scalings=tuple(scalings)),
        output=NumberOutput(names=ahead, scalings=of_target),
        meaning=f"the {spec.horizon} values of {spec.target} that follow the window",
        min_timesteps=spec.window,
        max_timesteps=spec.window,
        csv=CsvLayout(
            group_column=spec.series_column,
            order_column=spec.time_column,
            missing=spec.missing,
            is_order_date=is_date(table, spec.time_column),
            steps_ahead=spec.horizon,
        ),
        originals=tuple(originals),
    )


def _refuse_long_season(spec: ForecastSpec, num_rows: int, what: str) -> None:
    """Raises InvalidData where the seasonal baseline has no value for the first forecast."""
    is_held_out = spec.split.validation > 0 or spec.split.test > 0
    reach = max(num_rows, spec.window) if is_held_out else spec.window
    if spec.season is not None and spec.season > reach:
        detail = f"season {spec.season} is longer than what {what} has before its first forecast: "
        detail += f"{reach} rows"
        raise InvalidData(detail)


def _without_gaps(
    series_NF: DoubleArray, spec: ForecastSpec
) -> tuple[DoubleArray, NDArray[np.bool_]]:
    """Fill missing values from the row before, where asked for; drop rows that still miss one.

    Returns the rows, and whether the target of each was measured.
    """
    is_measured_N = ~np.isnan(series_NF[:, 0])
    if spec.missing == "forward_fill":
        row_NF = np.where(np.isnan(series_NF), 0, np.arange(len(series_NF))[:, None])
        latest_NF = np.maximum.accumulate(row_NF, axis=0)
        series_NF = np.take_along_axis(series_NF, latest_NF, axis=0)
    is_whole_N = ~np.isnan(series_NF).any(axis=1)
    return series_NF[is_whole_N], is_measured_N[is_whole_N]


def _starts(
    spec: ForecastSpec, ends: tuple[int, int, int], what: str, is_measured_N: NDArray[np.bool_]
) -> dict[Split, IntArray]:
    """Rows at which targets start, by part: their horizons lie in it, their windows need not.

    At least one target of each was measured.
    """
    num_measured_N = np.concatenate([[0], np.cumsum(is_measured_N)])
    shares = (spec.split.train, spec.split.validation, spec.split.test)
    starts: dict[Split, IntArray] = {}
    first = 0
    for split, share, end in zip(SPLITS, shares, ends, strict=True):
        earliest = max(first, spec.window)
        start_W = np.arange(earliest, end - spec.horizon + 1, spec.stride, dtype=np.int32)
        if share > 0 and not start_W.size:
            detail = (
                f"{what}: the {split} part (rows {first + 1} to {end} of {ends[2]}) is too short "
                f"for a window of {spec.window} and a horizon of {spec.horizon}"
            )
            raise InvalidData(detail)
        has_target_W = num_measured_N[start_W + spec.horizon] > num_measured_N[start_W]
        if share > 0 and not has_target_W.any():
            detail = f"{what}: the {split} part has no measured value of {spec.target!r}"
            raise InvalidData(detail)
        if share > 0:
            starts[split] = start_W[has_target_W]
        first = end
    return starts


def _facts(spec: ForecastSpec, windows: Windows, baselines: tuple[Baseline, ...]) -> TaskFacts:
    return TaskFacts(
        metric=baselines[0].metric,
        mode=MetricMode.MINIMISE,
        baselines=baselines,
        required_lag=spec.declared_lag() or _estimated_lag(windows),
        length=spec.window,
        input_size=windows.values_NF.shape[1],
        output_size=spec.horizon,
        many_to_one=True,
    )


def _estimated_lag(windows: Windows) -> RequiredLag:
    """Fitted on the training part, scored on the validation part."""
    held_out_W = windows.starts.get("validation")
    if held_out_W is None:
        return RequiredLag(method="no validation part to estimate it on")
    last = longest_context(windows.window, windows.values_NF.shape[1])
    train, held_out = (
        (windows.inputs_of(start_W, last=last), windows.targets_of(start_W))
        for start_W in (
            spread(windows.starts["train"], MAX_WINDOWS),
            spread(held_out_W, MAX_SCORED_WINDOWS),
        )
    )
    return estimate_lag(train, held_out, length=windows.window, is_overlapping=True)


FORECAST = TaskOfUpload(spec=ForecastSpec, make=build_forecast)
