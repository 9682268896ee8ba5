"""Forecast the next values of a column from a window of the past.

Series are split by time, and no target of one part is a target of another. Each series is scaled by
mean and standard deviation of its own training part, and the loss is in these units. A target that
was filled in is neither trained on nor scored. A series that is too short is left out.
Shapes: N rows of a series, F columns (the target first), T window, H horizon, W windows,
B sequences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from app.domain.datasets import read_table
from app.domain.panels import CutSeries, LeftOutSeries, Panel, note_of_left_out
from app.domain.scopes import Split
from app.domain.seeding import numpy_generator
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.table_arrays import is_date
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
    #: On series that are left out; None if there are none.
    note: str | None

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
        if self.target.loss.link == "exp":
            targets_BH = self.target.in_means(start_B, horizon=self.horizon)
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
    panel = Panel.of(spec, table)
    scaled: list[DoubleArray] = []
    scalings: list[Scaling] = []
    targets: list[SeriesTarget] = []
    starts: dict[Split, list[IntArray]] = {}
    places: list[int] = []
    left_out: list[LeftOutSeries] = []
    offsets = [0]
    for series in panel.cut():
        if isinstance(series, LeftOutSeries):
            left_out.append(series)
            continue
        for split, start_W in series.starts.items():
            starts.setdefault(split, []).append(start_W + offsets[-1])
        scaled.append((series.values_nF - series.mean_F) / series.std_F)
        scalings.append(Scaling.of(series.mean_F, series.std_F, series=series.label))
        targets.append(_target(series))
        places.append(series.index)
        offsets.append(offsets[-1] + len(series.values_nF))

    def original(start: int) -> Original:
        place = int(np.searchsorted(offsets, start, side="right")) - 1
        values_nF, _ = panel.without_gaps(places[place])
        first = start - offsets[place] - spec.window
        window_TF = values_nF[first : first + spec.window]
        return Original.of(window_TF, series=scalings[place].series)

    train_W = _evaluated(np.concatenate(starts["train"]), "train", spec.seed)
    originals = [original(int(at)) for at in train_W[:NUM_EXAMPLES]]
    return Windows(
        values_NF=np.concatenate(scaled),
        target=Target.of(targets, season=spec.season or 1, loss=spec.loss),
        starts={split: np.concatenate(parts) for split, parts in starts.items()},
        window=spec.window,
        horizon=spec.horizon,
        usage=_usage(spec, table, panel.names, scalings, originals),
        note=note_of_left_out(left_out, num_series=len(panel.labels)),
    )


def _target(series: CutSeries) -> SeriesTarget:
    return SeriesTarget(
        values_n=series.values_nF[:, 0],
        is_measured_n=series.is_measured_n,
        label=series.label,
        num_train=series.num_train,
        mean=float(series.mean_F[0]),
        std=float(series.std_F[0]),
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
    ahead = tuple(
        name
        for step in range(1, spec.horizon + 1)
        for name in spec.loss.output_names(f"{spec.target} +{step}")
    )
    return Usage(
        input=NumberInput(columns=tuple(names), scalings=tuple(scalings)),
        output=NumberOutput(names=ahead, scalings=of_target, link=spec.loss.link),
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


def _facts(spec: ForecastSpec, windows: Windows, baselines: tuple[Baseline, ...]) -> TaskFacts:
    return TaskFacts(
        metric=baselines[0].metric,
        mode=MetricMode.MINIMISE,
        baselines=baselines,
        required_lag=spec.declared_lag() or _estimated_lag(windows),
        length=spec.window,
        input_size=windows.values_NF.shape[1],
        output_size=spec.horizon * spec.loss.outputs_per_target,
        many_to_one=True,
        notes=() if windows.note is None else (windows.note,),
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
