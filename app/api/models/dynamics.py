"""Views of the dynamics of a network: one series per quantity and scope, with definitions."""

import math
from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from app.api.models.history import NonFiniteView
from app.api.models.not_finite import word_of
from app.api.models.view import View
from app.domain.dynamics import DYNAMICS
from app.domain.quantities import unit_of
from app.domain.scopes import Scope
from app.services.telemetry.read_dynamics import Dynamics
from app.store.history import StoredSeries


class DefinitionView(View):
    """What a quantity is."""

    quantity: str
    """Its name in `scopes`, in a history and in the catalogue."""
    unit: str
    """`1` where it has no unit."""
    formula: str
    """What is computed, and what its sign means."""
    reduction: str
    """How many values become one number."""
    cost: str
    """The cost of one measurement."""
    source: str
    """A publication; `measured`: defined by this project."""


class DynamicSeriesView(View):
    """One quantity over the probes."""

    quantity: str
    """One of `definitions`."""
    unit: str
    """Of `values`; `1` where they have no unit."""
    steps: list[int]
    """Optimizer steps of the probes."""
    values: list[float | None]
    """One per probe, in `unit`; null where `non_finite` names the value."""
    non_finite: list[NonFiniteView]
    """Values that are null because they are not finite."""


class ScopeDynamicsView(View):
    """What was measured of one scope."""

    scope: str
    """`layer:0`, `layer:0/reverse`, `gate:0/forget`, `model`."""
    series: list[DynamicSeriesView]
    """One per quantity."""


class UnreadView(View):
    """A quantity that was not measured."""

    quantity: str
    """One of `definitions`, or `gradient_horizon` and `hidden_grad_norm` of the gradient flow."""
    scope: Scope
    """Of what it would have been measured."""
    reason: str
    """For people."""


class DynamicsView(View):
    """Scalars that the probes of a run measured of its recurrence."""

    run_id: UUID
    """Of the run, or of the preflight."""
    definitions: list[DefinitionView]
    """Of every quantity, measured or not. Exponents after the fourth are defined like those."""
    scopes: list[ScopeDynamicsView]
    """Measurements by scope."""
    not_assessed: list[UnreadView]
    """Quantities that were not measured, with the reasons."""


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
