"""A network's dynamics as clients see them: one series a quantity and scope, defined beside it."""

import math
from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from app.api.models.history import NonFiniteView
from app.api.models.not_finite import word_of
from app.api.models.view import View
from app.domain.dynamics import DYNAMICS
from app.domain.quantities import unit_of
from app.services.telemetry.read_dynamics import Dynamics
from app.store.history import StoredSeries


class DefinitionView(View):
    quantity: str
    """Its name in `scopes`, in a history and in the catalogue."""
    unit: str
    """`1` for one without."""
    formula: str
    """What is computed, and what its sign means."""
    reduction: str
    """Over what it is averaged, or otherwise brought to one number."""
    cost: str
    """What one measurement takes."""
    source: str
    """Where it is from; `measured`: defined here."""


class DynamicSeriesView(View):
    quantity: str
    """One of `definitions`."""
    unit: str
    """Of `values`; `1` for none."""
    steps: list[int]
    """Optimizer steps that the probes were taken at."""
    values: list[float | None]
    """One a probe, in `unit`; null where `non_finite` says why."""
    non_finite: list[NonFiniteView]
    """Where a value is null, and what it was."""


class ScopeDynamicsView(View):
    scope: str
    """`layer:0`, `layer:0/reverse`, `gate:0/forget`, `model`."""
    series: list[DynamicSeriesView]
    """One a quantity."""


class UnreadView(View):
    quantity: str
    """One of `definitions`, or `gradient_horizon` and `hidden_grad_norm` of the gradient flow."""
    scope: str
    """Where it would have been measured."""
    reason: str
    """A clause for people."""


class DynamicsView(View):
    """How a run's recurrence moves its state, per probe and scope."""

    run_id: UUID
    """Of the run, or of the preflight."""
    definitions: list[DefinitionView]
    """Of every quantity, measured or not; exponents past the fourth are as the others."""
    scopes: list[ScopeDynamicsView]
    """What was measured, by scope."""
    not_assessed: list[UnreadView]
    """What could not be measured, or was not ordered, and why."""


def view_dynamics(dynamics: Dynamics) -> DynamicsView:
    return DynamicsView(
        run_id=dynamics.run.id,
        definitions=[DefinitionView.of(quantity, quantity=quantity.name) for quantity in DYNAMICS],
        scopes=_by_scope(dynamics.series),
        not_assessed=list(map(UnreadView.of, dynamics.unread)),
    )


def _by_scope(series: Iterable[StoredSeries]) -> list[ScopeDynamicsView]:
    ordered = sorted(series, key=lambda one: one.scope)
    return [
        ScopeDynamicsView(scope=scope, series=[_view_series(one) for one in of_scope])
        for scope, of_scope in groupby(ordered, key=lambda one: one.scope)
    ]


def _view_series(series: StoredSeries) -> DynamicSeriesView:
    readings = list(zip(series.steps_n.tolist(), series.values_n.tolist(), strict=True))
    return DynamicSeriesView(
        quantity=series.quantity,
        unit=unit_of(series.quantity),
        steps=[step for step, _ in readings],
        values=[value if math.isfinite(value) else None for _, value in readings],
        non_finite=[
            NonFiniteView(step=step, value=word_of(value))
            for step, value in readings
            if not math.isfinite(value)
        ],
    )
