"""Small curves of a run, for lists."""

from collections.abc import Sequence

import numpy as np

from app.api.models.view import View
from app.domain.series import shortest_decimals
from app.services.telemetry.sparklines import SmallCurve


class SparklineView(View):
    """A small curve: points that keep the extrema."""

    steps: list[int]
    """Optimizer steps of the points."""
    values: list[float | None]
    """Null where it is not finite."""


class SparklinesView(View):
    """Small curves of a run."""

    loss: SparklineView | None = None
    """The training loss."""
    grad_norm: SparklineView | None = None
    """Before clipping."""


def view_sparklines(curves: Sequence[SmallCurve]) -> SparklinesView:
    return SparklinesView(**{one.quantity: _view_sparkline(one) for one in curves})


def _view_sparkline(curve: SmallCurve) -> SparklineView:
    finite_p = np.isfinite(curve.values_p)
    decimals = shortest_decimals(curve.values_p)
    return SparklineView(
        steps=curve.steps_p.tolist(),
        values=[value if ok else None for value, ok in zip(decimals, finite_p, strict=True)],
    )
