"""Views of several runs side by side."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from app.api.models.gradient_flow import HorizonView, RatioView
from app.api.models.history import SeriesView, view_series
from app.api.models.request import RequestModel
from app.api.models.run import RunView, view_run
from app.api.models.telemetry_query import Word
from app.api.models.view import View
from app.domain.side_by_side import MAX_RUNS, SpecField
from app.domain.telemetry import LagProfile
from app.services.runs.compare_runs import ComparedRuns

#: Quantities of a comparison at most.
MAX_QUANTITIES = 12


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


class CompareView(View):
    """Several runs side by side, each list in the order of the query."""

    runs: list[RunView]
    """The runs."""
    differences: list[SpecFieldView]
    """The fields of the job specs that are not the same in all of them; labels are left out."""
    series: list[ComparedSeriesView]
    """Series of the quantities that were asked for."""
    reach: list[ReachView]
    """How far back gradients reach."""


def view_compared(compared: ComparedRuns) -> CompareView:
    return CompareView(
        runs=[view_run(run, waiting_for=None) for run in compared.runs],
        differences=[_view_field(field) for field in compared.differences],
        series=[
            ComparedSeriesView(run_id=run.id, series=view_series(one))
            for run in compared.runs
            for one in compared.excerpts[run.id]
        ],
        reach=[
            _view_reach(
                run.id,
                run.task.required_lag.timesteps if run.task else None,
                compared.profiles[run.id],
            )
            for run in compared.runs
        ],
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
