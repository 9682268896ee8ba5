"""Forecast the next values of a column from a window of the past.

Series are split by time, and no target of one part is a target of another. The target is
transformed where the spec asks for it, and then scaled by mean and standard deviation of the
training part of its series, of all series or of each window; the loss is in these units. A target
that was filled in is neither trained on nor scored. A series that is too short is left out.
Shapes: N rows of all series end to end, n rows of one, F columns (the target first), W windows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain.calendar_features import calendar_columns
from app.domain.datasets import read_table
from app.domain.panels import CutSeries, LeftOutSeries, Panel, note_of_left_out
from app.domain.scopes import Split
from app.domain.seeding import numpy_generator
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.table_arrays import is_date
from app.domain.tables import Table
from app.domain.task import Baseline, MetricMode, TaskFacts
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.context_gain import spread
from worker.datasets.forecast_facts import lag_of_windows, longer_context, shift_of_windows
from worker.datasets.formats import formats_of
from worker.datasets.maker import TaskOfUpload
from worker.datasets.objectives import NumberError
from worker.datasets.rollout import Rollout
from worker.datasets.sampling import EVALUATION_SEQUENCES, StoredData
from worker.datasets.task import Batch, Task
from worker.datasets.usage import (
    NUM_EXAMPLES,
    CalendarInput,
    CsvLayout,
    NumberInput,
    NumberOutput,
    Original,
    Scaling,
    Usage,
    WindowScaling,
)
from worker.datasets.windows import MIN_WINDOW_SHARE, Windows
from worker.scoring.forecasts import SeriesTarget, Target, forecast_baselines

#: Windows, evenly spaced, that validation and test are evaluated on.
MAX_EVALUATION_WINDOWS = 1024
#: Windows in the order of time, of whose errors the autocorrelation is measured.
MAX_SUCCESSIVE_WINDOWS = 512


def build_forecast(spec: ForecastSpec, upload: bytes) -> Task:
    table = read_table(upload)
    windows, rollout = _cut(spec, table)
    train_W = windows.starts["train"]
    evaluated = {
        split: _evaluated(start_W, split, spec.seed) for split, start_W in windows.starts.items()
    }
    truths = {
        split: windows.target.truth(
            start_W, horizon=spec.horizon, in_units=windows.outputs_of(start_W)
        )
        for split, start_W in evaluated.items()
    }
    return Task(
        facts=_facts(spec, windows, forecast_baselines(spec, windows.target, evaluated, truths)),
        objective=NumberError(spec.loss, has_gaps=windows.target.has_gaps),
        data=StoredData(
            num_items=len(train_W), gather=lambda index_B: windows.batch(train_W[index_B])
        ),
        evaluation={split: windows.batch(start_W) for split, start_W in evaluated.items()},
        usage=_usage(spec, table, windows),
        own_truths=truths,
        recursive=rollout,
        successive=_successive(windows),
    )


def _successive(windows: Windows) -> Batch | None:
    """Returns the last windows of the series that has the most for validation."""
    start_W = windows.starts.get("validation")
    if start_W is None:
        return None
    place_W = windows.target.series_N[start_W]
    longest = np.bincount(place_W).argmax()
    return windows.batch(start_W[place_W == longest][-MAX_SUCCESSIVE_WINDOWS:])


def _evaluated(start_W: IntArray, split: Split, seed: int) -> IntArray:
    """In random order: probes use the first windows, and neighbours in time are nearly the same."""
    most = EVALUATION_SEQUENCES if split == "train" else MAX_EVALUATION_WINDOWS
    chosen_W = spread(start_W, most)
    shuffled_W: IntArray = numpy_generator(seed, "evaluation", split).permutation(chosen_W)
    return shuffled_W


def _cut(spec: ForecastSpec, table: Table) -> tuple[Windows, Rollout | None]:
    panel = Panel.of(spec, table)
    found: list[CutSeries] = []
    left_out: list[LeftOutSeries] = []
    for series in panel.cut():
        if isinstance(series, LeftOutSeries):
            left_out.append(series)
        else:
            found.append(series)
    offsets = np.cumsum([0, *(len(series.values_nF) for series in found)])
    starts = {
        split: np.concatenate(
            [series.starts[split] + offset for series, offset in zip(found, offsets, strict=False)]
        ).astype(np.int32)
        for split in found[0].starts
    }

    def original(start: int) -> Original:
        """Returns the rows that the network's answer for a window depends on."""
        place = int(np.searchsorted(offsets, start, side="right")) - 1
        end = start - int(offsets[place])
        series = found[place]
        first = end - spec.first_target
        return Original.of(
            series.values_nF[first:end],
            series=series.label,
            times=_local_times(series, first, end + max(spec.calendar_leads, default=0)),
        )

    train_W = _evaluated(starts["train"], "train", spec.seed)
    windows = Windows(
        spec=spec,
        values_NF=np.concatenate([_read(spec, series) for series in found]),
        levels=tuple(
            np.concatenate(level) for level in zip(*(one.levels for one in found), strict=True)
        ),
        mean_S=np.array([series.mean_F[0] for series in found]),
        std_S=np.array([series.std_F[0] for series in found]),
        target=Target.of([_target(one) for one in found], season=spec.season or 1, loss=spec.loss),
        starts=starts,
        scalings=_scalings(spec, found),
        originals=[original(int(at)) for at in train_W[:NUM_EXAMPLES]],
        note=note_of_left_out(left_out, num_series=len(panel.labels)),
    )
    if spec.recursive_steps is None:
        return windows, None
    rolled = {
        split: np.concatenate(
            [one.rollouts[split] + offset for one, offset in zip(found, offsets, strict=False)]
        ).astype(np.int32)
        for split in found[0].rollouts
    }
    return windows, Rollout.of(spec, windows, rolled)


def _scalings(spec: ForecastSpec, found: Sequence[CutSeries]) -> list[Scaling]:
    if spec.scaling == "global":
        return [Scaling.of(found[0].mean_F, found[0].std_F)]
    return [Scaling.of(one.mean_F, one.std_F, series=one.label) for one in found]


def _read(spec: ForecastSpec, series: CutSeries) -> DoubleArray:
    """(n, F) scaled values, and the calendar of timesteps ahead.

    The calendar of a row that is followed by too few rows is that of the last row: no window ends
    there.
    """
    columns = [(series.learned_nF - series.mean_F) / series.std_F]
    if series.local_n is not None:
        last = len(series.local_n) - 1
        for lead in spec.calendar_leads:
            ahead_n = series.local_n[np.minimum(np.arange(lead, last + 1 + lead), last)]
            columns.append(calendar_columns(ahead_n, spec.calendar))
    return np.concatenate(columns, axis=1)


def _local_times(series: CutSeries, first: int, end: int) -> tuple[str, ...]:
    if series.local_n is None:
        return ()
    return tuple(str(each) for each in series.local_n[first:end].astype("datetime64[s]"))


def _target(series: CutSeries) -> SeriesTarget:
    return SeriesTarget(
        values_n=series.values_nF[:, 0],
        is_measured_n=series.is_measured_n,
        label=series.label,
        num_train=series.num_train,
        mean=series.target_mean,
        std=series.target_std,
    )


def _usage(spec: ForecastSpec, table: Table, windows: Windows) -> Usage:
    """The target is the first column: its scaling is that of the outputs."""
    scalings = tuple(windows.scalings)
    of_target = tuple(replace(each, mean=each.mean[:1], std=each.std[:1]) for each in scalings)
    ahead = tuple(
        name
        for step in range(1, spec.horizon + 1)
        for name in spec.loss.output_names(f"{spec.target} +{step}")
    )
    transform = tuple(part.model_dump(mode="json") for part in spec.transform)
    window_scaling = None
    if spec.scaling == "per_window":
        window_scaling = WindowScaling(min_share=MIN_WINDOW_SHARE, is_mean_bounded=windows.is_rate)
    return Usage(
        input=NumberInput(
            columns=spec.columns,
            scalings=scalings,
            transform=transform,
            window_scaling=window_scaling,
            calendar=_calendar(spec, table),
        ),
        output=NumberOutput(
            names=ahead,
            scalings=of_target,
            link=spec.loss.link,
            transform=transform,
            window_scaling=window_scaling,
            steps_ahead=spec.horizon,
        ),
        meaning=f"the {spec.horizon} values of {spec.target} that follow the window",
        min_timesteps=spec.first_target,
        max_timesteps=spec.first_target,
        csv=CsvLayout(
            group_column=spec.series_column,
            order_column=spec.time_column,
            equal_times=spec.equal_times,
            missing=spec.missing,
            is_order_date=is_date(table, spec.time_column),
            formats=formats_of(table, (*spec.columns, spec.series_column, spec.time_column)),
            steps_ahead=spec.horizon,
        ),
        originals=tuple(windows.originals),
    )


def _calendar(spec: ForecastSpec, table: Table) -> CalendarInput | None:
    if not spec.calendar or spec.time_column is None:
        return None
    return CalendarInput(
        fields=spec.calendar,
        leads=spec.calendar_leads,
        time_zone=table.column(spec.time_column).time_zone,
    )


def _facts(spec: ForecastSpec, windows: Windows, baselines: tuple[Baseline, ...]) -> TaskFacts:
    return TaskFacts(
        metric=baselines[0].metric,
        mode=MetricMode.MINIMISE,
        baselines=baselines,
        required_lag=spec.declared_lag() or lag_of_windows(windows),
        shift=shift_of_windows(windows),
        longer_context=longer_context(windows),
        length=spec.window,
        input_size=windows.values_NF.shape[1],
        output_size=spec.horizon * spec.loss.outputs_per_target,
        many_to_one=True,
        notes=() if windows.note is None else (windows.note,),
    )


FORECAST = TaskOfUpload(spec=ForecastSpec, make=build_forecast)
