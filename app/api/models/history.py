"""Views of a run's history: series with a limited number of points, and exact statistics."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.api.models.not_finite import NonFiniteWord, word_of
from app.api.models.view import View
from app.domain.series import (
    IndexArray,
    Method,
    Series,
    choose_points,
    series_stats,
    shortest_decimals,
)
from app.services.telemetry.read_history import History

XAxis = Literal["step", "elapsed_s", "time"]
#: Lines of CSV that are formatted at once.
CSV_LINES = 4096
CSV_HEADER = "step,recorded_at,quantity,scope,value\n"


class NonFiniteView(View):
    """A value that is null in `values`, since JSON cannot express it."""

    step: int
    """Optimizer step of the reading."""
    value: NonFiniteWord
    """The value."""


class StatsView(View):
    """Exact statistics over all readings in the range; all except `count` over the finite ones."""

    count: int
    """Readings in the range."""
    num_finite: int
    mean: float | None
    p10: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    min: float | None
    max: float | None


class SeriesView(View):
    quantity: str
    scope: str
    unit: str
    steps: list[int]
    x: list[int | float | str | None]
    """By the parameter `x`: steps, seconds of training, or times of storage (RFC 3339)."""
    values: list[float | None]
    """The shortest decimals that parse to the stored values."""
    non_finite: list[NonFiniteView]
    stats: StatsView


class HistoryView(View):
    """Readings of one run over its steps."""

    run_id: UUID
    first_step: int | None
    """Of the readings in the range; null where there are none."""
    last_step: int | None
    num_readings: int
    """Readings of the longest series, before points are left out."""
    method: Method
    """`all`: every reading is contained. `extrema`: a series longer than `max_points` is divided
    into buckets, and contains the first, last, smallest, largest and non-finite readings of
    each."""
    series: list[SeriesView]
    telemetry_dropped_at: datetime | None
    """When the readings were deleted because of their age; null where they were not."""


def view_history(history: History, *, max_points: int, x: XAxis) -> HistoryView:
    filled = [series for series in history.series if series.steps_n.size]
    num_readings = max((series.steps_n.size for series in history.series), default=0)
    return HistoryView(
        run_id=history.run.id,
        first_step=min((int(series.steps_n[0]) for series in filled), default=None),
        last_step=max((int(series.steps_n[-1]) for series in filled), default=None),
        num_readings=num_readings,
        method="all" if num_readings <= max_points else "extrema",
        series=[_view_series(one, history, max_points=max_points, x=x) for one in history.series],
        telemetry_dropped_at=history.run.telemetry_dropped_at,
    )


def csv_lines(history: History, *, max_points: int | None) -> Iterator[str]:
    """The readings as CSV; all of them unless `max_points` is given."""
    yield CSV_HEADER
    for series in history.series:
        kept_p = choose_points(series.values_n, max_points=max_points or series.values_n.size)
        for start in range(0, kept_p.size, CSV_LINES):
            yield _csv_block(series, kept_p[start : start + CSV_LINES])


def _csv_block(series: Series, kept_p: IndexArray) -> str:
    end = f",{series.quantity},{series.scope},"
    rows = zip(
        series.steps_n[kept_p].tolist(),
        _moments(series.recorded_at_n[kept_p]),
        map(str, series.values_n[kept_p]),
        strict=True,
    )
    return "".join(f"{step},{moment}{end}{value}\n" for step, moment, value in rows)


def _view_series(series: Series, history: History, *, max_points: int, x: XAxis) -> SeriesView:
    kept_p = choose_points(series.values_n, max_points=max_points)
    steps_p, values_p = series.steps_n[kept_p], series.values_n[kept_p]
    finite_p = np.isfinite(values_p)
    decimals = shortest_decimals(values_p)
    stats = series_stats(series.values_n)
    return SeriesView(
        quantity=series.quantity,
        scope=series.scope,
        unit=series.unit,
        steps=steps_p.tolist(),
        x=_axis(series, history, kept_p, x=x),
        values=[value if ok else None for value, ok in zip(decimals, finite_p, strict=True)],
        non_finite=[
            NonFiniteView(step=int(steps_p[index]), value=word_of(float(values_p[index])))
            for index in np.nonzero(~finite_p)[0]
        ],
        stats=StatsView.of(stats),
    )


def _axis(
    series: Series, history: History, kept_p: IndexArray, *, x: XAxis
) -> list[int | float | str | None]:
    match x:
        case "step":
            return list(series.steps_n[kept_p].tolist())
        case "time":
            return list(_moments(series.recorded_at_n[kept_p]))
        case "elapsed_s":
            return _elapsed(series.steps_n[kept_p], history)
        case unknown:
            assert_never(unknown)


def _elapsed(steps_p: NDArray[np.int32], history: History) -> list[int | float | str | None]:
    """Seconds of training at each step, interpolated where a step has no time."""
    if not history.elapsed_steps_n.size:
        return [None] * steps_p.size
    elapsed_p = np.interp(steps_p, history.elapsed_steps_n, history.elapsed_n)
    return list(shortest_decimals(elapsed_p.astype(np.float32)))


def _moments(recorded_at_p: NDArray[np.int64]) -> Iterator[str]:
    return (f"{moment}Z" for moment in np.datetime_as_string(recorded_at_p.astype("M8[us]")))
