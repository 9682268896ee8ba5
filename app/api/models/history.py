"""Views of a run's history: series with a limited number of points, and exact statistics."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

import numpy as np

from app.api.models.history_blocks import recorded_at
from app.api.models.history_csv import moments
from app.api.models.not_finite import NonFiniteWord, word_of
from app.api.models.view import View
from app.domain.series import Method, shortest_decimals
from app.domain.windows.excerpt import Excerpt
from app.services.telemetry.read_history import History, XAxis


class NonFiniteView(View):
    """A value that is null in `values`, since JSON cannot express it."""

    step: int
    """Optimizer step of the reading."""
    value: NonFiniteWord
    """The value."""


class StatsView(View):
    """Statistics over all readings in the range; all except `count` over the finite ones.

    They are exact, except for the percentiles of more than 100,000 readings.
    """

    count: int
    """Readings in the range."""
    num_finite: int
    """Finite readings in the range."""
    mean: float | None
    """Mean of the finite readings; null without one."""
    p10: float | None
    """10th percentile; null without a finite reading."""
    p50: float | None
    """Median; null without a finite reading."""
    p90: float | None
    """90th percentile; null without a finite reading."""
    p99: float | None
    """99th percentile; null without a finite reading."""
    percentile_error: float
    """Largest relative error of the percentiles: 0 up to 100,000 readings, below 0.01 above."""
    min: float | None
    """Smallest finite reading; null without one."""
    max: float | None
    """Largest finite reading; null without one."""


class SeriesView(View):
    """Readings of one quantity in one scope."""

    quantity: str
    """What was measured."""
    scope: str
    """Of what: `model`, `tensor:<name>`, `layer:0` and so on."""
    unit: str
    """Of the values; 1 where they have no dimension."""
    steps: list[int]
    """Optimizer steps of the points."""
    x: list[int | float | str | None]
    """By the parameter `x`: steps, seconds of training, or the times at which the steps were
    trained (RFC 3339)."""
    values: list[float | None]
    """The shortest decimals that parse to the stored values."""
    non_finite: list[NonFiniteView]
    """Of a range of more than 100,000 steps at most the first 10,000; `stats` counts all."""
    stats: StatsView
    """Statistics over all readings in the range."""


class HistoryView(View):
    """Readings of one run over its steps."""

    run_id: UUID
    """The run."""
    first_step: int | None
    """Of the readings in the range; null where there are none."""
    last_step: int | None
    """Last step of the readings in the range; null where there are none."""
    num_readings: int
    """Readings of the longest series, before points are left out."""
    method: Method
    """`all`: every reading is contained. `extrema`: a series longer than `max_points` is divided
    into buckets, and contains the first, last, smallest, largest and non-finite readings of
    each."""
    series: list[SeriesView]
    """One series for each quantity and scope."""
    telemetry_dropped_at: datetime | None
    """When the readings were deleted because of their age; null where they were not."""


def view_history(history: History, *, max_points: int, x: XAxis) -> HistoryView:
    excerpts = history.excerpts
    num_readings = max((one.count for one in excerpts), default=0)
    firsts = (one.first_step for one in excerpts if one.first_step is not None)
    lasts = (one.last_step for one in excerpts if one.last_step is not None)
    return HistoryView(
        run_id=history.run.id,
        first_step=min(firsts, default=None),
        last_step=max(lasts, default=None),
        num_readings=num_readings,
        method="all" if num_readings <= max_points else "extrema",
        series=[view_series(one, axis=_axis(one, history, x=x)) for one in excerpts],
        telemetry_dropped_at=history.run.telemetry_dropped_at,
    )


def view_series(
    excerpt: Excerpt, *, axis: list[int | float | str | None] | None = None
) -> SeriesView:
    """By default `x` holds the steps."""
    steps_p, values_p = excerpt.steps_p, excerpt.values_p
    finite_p = np.isfinite(values_p)
    decimals = shortest_decimals(values_p)
    return SeriesView(
        quantity=excerpt.quantity,
        scope=excerpt.scope,
        unit=excerpt.unit,
        steps=steps_p.tolist(),
        x=list(steps_p.tolist()) if axis is None else axis,
        values=[value if ok else None for value, ok in zip(decimals, finite_p, strict=True)],
        non_finite=[
            NonFiniteView(step=int(steps_p[index]), value=word_of(float(values_p[index])))
            for index in np.nonzero(~finite_p)[0]
        ],
        stats=StatsView.of(excerpt.stats),
    )


def _axis(excerpt: Excerpt, history: History, *, x: XAxis) -> list[int | float | str | None]:
    match x:
        case "step":
            return list(excerpt.steps_p.tolist())
        case "time":
            return list(moments(recorded_at(excerpt, history)))
        case "elapsed_s":
            clock = history.clock
            elapsed_p = None if clock is None else clock.elapsed_at(excerpt.steps_p)
            if elapsed_p is None:
                return [None] * excerpt.steps_p.size
            return list(shortest_decimals(elapsed_p))
        case unknown:
            assert_never(unknown)
