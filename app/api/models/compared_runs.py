"""Views of several runs side by side."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from app.api.models.gradient_flow import HorizonView, RatioView
from app.api.models.heat_map import HeatMapView, view_heat_maps
from app.api.models.history import SeriesView, view_series
from app.api.models.not_finite import NonFiniteWord, word_of
from app.api.models.request import COMMAS, RequestModel
from app.api.models.run import RunView, view_run
from app.api.models.telemetry_query import Step, Word
from app.api.models.view import View
from app.domain.scopes import Scope
from app.domain.seed_bands import SeedCurve, band_of
from app.domain.series import POINTS_PER_BUCKET, shortest_decimals
from app.domain.side_by_side import MAX_RUNS, SeedArm, SpecField
from app.domain.telemetry import LagProfile
from app.services.runs.compare_runs import ComparedRuns, Comparison

#: Quantities of a comparison at most.
MAX_QUANTITIES = 12
_HORIZON = "gradient_horizon"
#: Quantity, scope and unit of a series.
_SeriesKey = tuple[str, str, str]


class CompareParameters(RequestModel):
    """Which runs are compared, and by what."""

    run_id: Annotated[list[UUID], Field(min_length=1, max_length=MAX_RUNS)]
    """Repeatable, in the order of the answer."""
    quantity: list[Word] = Field(
        ["loss"], max_length=MAX_QUANTITIES, examples=[["loss", "mse", "grad_norm"]]
    )
    """Repeatable. A run that did not measure one has no series of it."""
    max_points: int = Field(300, ge=4, le=5000)
    """Points of each series."""
    from_step: Step | None = None
    """First optimizer step. Null: the first that was measured."""
    to_step: Step | None = None
    """Inclusive."""
    include: Annotated[tuple[Literal["gradient_flows"], ...], COMMAS, Field(max_length=20)] = ()
    """`gradient_flows`: the heat maps of the gradient flow, all on one scale."""

    def comparison(self) -> Comparison:
        return Comparison(
            quantities=self.quantity,
            max_points=self.max_points,
            from_step=self.from_step,
            to_step=self.to_step,
            has_flows=bool(self.include),
        )


class SpecFieldView(View):
    """A field in which job specs differ."""

    pointer: str
    """JSON pointer into the job spec."""
    values: list[JsonValue]
    """One for each run; null where its spec has no such field."""


class ComparedSeriesView(View):
    """A series of one of the runs."""

    run_id: UUID
    """The run."""
    series: SeriesView
    """Its series, as in its history."""


class ReachView(View):
    """How far the gradient of one run reaches back, by probe."""

    run_id: UUID
    """The run."""
    required_lag_timesteps: int | None
    """The lag that its task needs."""
    steps: list[int]
    """Optimizer steps of the probes."""
    gradient_horizon: list[HorizonView]
    """How far back its gradient reaches, by probe."""
    ratio_at_required_lag: list[RatioView | None]
    """Gradient at the required lag over that at lag 0, by probe; null where it was not measured."""


class SeedArmView(View):
    """Runs whose job specs are the same except for `training.seed` and labels."""

    run_ids: list[UUID]
    """The runs, in the order of the query."""
    seeds: list[int]
    """Their seeds, in the same order."""


class SeedMarkView(View):
    """A reading that is not finite, and therefore not in a band."""

    run_id: UUID
    """The run."""
    step: int
    """Optimizer step of the reading."""
    value: NonFiniteWord
    """The value."""


class SeedBandView(View):
    """One quantity of all seeds of an arm. Lists of numbers have one entry for each step."""

    quantity: str
    """What was measured; `gradient_horizon`: how far back the gradient reaches, by probe."""
    scope: str
    """Of what."""
    unit: str
    """Of the values; 1 where they have no dimension."""
    run_ids: list[UUID]
    """The runs of the arm that measured it."""
    steps: list[int]
    """Optimizer steps: all at which a run has a point, or the last one of each of `max_points` / 4
    groups of neighbouring ones."""
    low: list[float | None]
    """The lowest point of any run since the step before; null where none is finite."""
    median: list[float | None]
    """Median over the runs of the last point of each by this step."""
    high: list[float | None]
    """The highest point of any run since the step before."""
    num_seeds: list[int]
    """Runs of which the median is: those that had begun, had not ended and were finite."""
    non_finite: list[SeedMarkView]
    """Points that are not finite, of all runs."""


class CompareView(View):
    """Several runs side by side, each list in the order of the query."""

    runs: list[RunView]
    """The runs."""
    differences: list[SpecFieldView]
    """The fields of the job specs that are not the same in all of them; labels are left out."""
    arms: list[SeedArmView]
    """The runs, grouped by what they order; a run that is alone is an arm too."""
    series: list[ComparedSeriesView]
    """Series of the quantities that were asked for."""
    bands: list[SeedBandView]
    """The same for each arm of two runs or more, and how far back their gradients reach."""
    reach: list[ReachView]
    """How far back gradients reach."""
    gradient_flows: list[HeatMapView] | None
    """One for each run, of at most 100 probes by 120 lags. Cells are relative: the norm / that at
    lag 0 of the same probe; `low` and `high` are the same for all runs, so that one colour is one
    share. Null unless `include` asks for them."""


def view_compared(compared: ComparedRuns, *, max_points: int) -> CompareView:
    return CompareView(
        runs=[view_run(run, waiting_for=None) for run in compared.runs],
        differences=[_view_field(field) for field in compared.differences],
        arms=[
            SeedArmView(run_ids=[compared.runs[one].id for one in arm.members], seeds=[*arm.seeds])
            for arm in compared.arms
        ],
        series=[
            ComparedSeriesView(run_id=run.id, series=view_series(one))
            for run in compared.runs
            for one in compared.excerpts[run.id]
        ],
        bands=[
            band
            for arm in compared.arms
            for band in _view_bands(compared, arm, max_points=max_points)
        ],
        reach=[
            _view_reach(
                run.id,
                run.task.required_lag.timesteps if run.task else None,
                compared.profiles[run.id],
            )
            for run in compared.runs
        ],
        gradient_flows=view_heat_maps(compared.flows) if compared.flows else None,
    )


def _view_field(field: SpecField) -> SpecFieldView:
    return SpecFieldView(pointer=field.pointer, values=list(field.values))


def _view_reach(
    run_id: UUID, required_lag: int | None, profiles: tuple[LagProfile, ...]
) -> ReachView:
    ratios = [one.ratio_at_required_lag for one in profiles]
    return ReachView(
        run_id=run_id,
        required_lag_timesteps=required_lag,
        steps=[one.step for one in profiles],
        gradient_horizon=[HorizonView.of(one.horizon) for one in profiles],
        ratio_at_required_lag=[None if one is None else RatioView.of(one) for one in ratios],
    )


def _view_bands(compared: ComparedRuns, arm: SeedArm, *, max_points: int) -> Iterator[SeedBandView]:
    """One for each series that two runs of the arm have, those of the first run first."""
    curves: dict[_SeriesKey, dict[UUID, SeedCurve]] = {}
    for run_id in (compared.runs[one].id for one in arm.members):
        for key, curve in _curves_of(compared, run_id):
            curves.setdefault(key, {})[run_id] = curve
    for key, found in curves.items():
        if len(found) > 1:
            yield _view_band(key, found, max_buckets=max(1, max_points // POINTS_PER_BUCKET))


def _curves_of(compared: ComparedRuns, run_id: UUID) -> Iterator[tuple[_SeriesKey, SeedCurve]]:
    for one in compared.excerpts[run_id]:
        values = np.array(shortest_decimals(one.values_p), dtype=np.float64)
        curve = SeedCurve(steps_n=one.steps_p.astype(np.int64), values_n=values)
        yield (one.quantity, one.scope, one.unit), curve
    profiles = compared.profiles[run_id]
    if profiles:
        yield (
            (_HORIZON, str(Scope.model()), "timesteps"),
            SeedCurve(
                steps_n=np.array([one.step for one in profiles], dtype=np.int64),
                values_n=np.array([one.horizon.value for one in profiles], dtype=np.float64),
            ),
        )


def _view_band(
    key: _SeriesKey, curves: Mapping[UUID, SeedCurve], *, max_buckets: int
) -> SeedBandView:
    quantity, scope, unit = key
    band = band_of(list(curves.values()), max_buckets=max_buckets)
    return SeedBandView(
        quantity=quantity,
        scope=scope,
        unit=unit,
        run_ids=list(curves),
        steps=band.steps_b.tolist(),
        low=_finite_or_null(band.low_b),
        median=_finite_or_null(band.median_b),
        high=_finite_or_null(band.high_b),
        num_seeds=band.num_seeds_b.tolist(),
        non_finite=[
            SeedMarkView(run_id=run_id, step=int(step), value=word_of(float(value)))
            for run_id, curve in curves.items()
            for step, value in zip(curve.steps_n, curve.values_n, strict=True)
            if not math.isfinite(value)
        ],
    )


def _finite_or_null(values_b: NDArray[np.float64]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values_b.tolist()]
