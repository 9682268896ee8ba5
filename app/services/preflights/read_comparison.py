"""Read preflights side by side: what each is made of, and what that changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.comparison import (
    HORIZON,
    RATIO,
    Figure,
    Measured,
    SpecDifference,
    figures_of,
    ranked,
    spec_differences,
)
from app.domain.integrity import has_passed
from app.services.preflights.read_preflight import Forecast, Preflight, read_preflight
from app.services.telemetry.read_gradient_flow import GradientFlow
from app.store.database import UnitOfWork

_LARGEST_EXPONENT, _SUM_RULE = "lyapunov_1", "sum_rule."


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One preflight beside the base."""

    preflight: Preflight
    differences: tuple[SpecDifference, ...]
    #: Of its last probe; empty until it has succeeded.
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    #: The first is the base.
    arms: tuple[Arm, ...]
    #: The quantity that the ranking is by; None where nothing was measured in all of them.
    ranked_by: str | None
    #: Indexes of arms, the best first; those whose measurement cannot be believed are left out.
    ranking: tuple[int, ...]

    @property
    def has_ended(self) -> bool:
        return all(arm.preflight.run.status.has_ended for arm in self.arms)


def read_comparison(
    work: UnitOfWork, *, workspace_id: UUID, preflight_ids: Sequence[UUID]
) -> Comparison:
    """Raises NotFound where one of them is not there."""
    preflights = [
        read_preflight(work, workspace_id=workspace_id, preflight_id=preflight_id)
        for preflight_id in preflight_ids
    ]
    base = preflights[0]
    measured = [_measured(one.forecast) for one in preflights]
    by, ranking = ranked(
        [
            found if one.forecast is not None and _is_trusted(one.forecast.flow) else None
            for one, found in zip(preflights, measured, strict=True)
        ]
    )
    return Comparison(
        arms=tuple(
            Arm(
                preflight=one,
                differences=spec_differences(base.run.spec, one.run.spec),
                figures=figures_of(found, measured[0]),
            )
            for one, found in zip(preflights, measured, strict=True)
        ),
        ranked_by=by,
        ranking=ranking,
    )


def _measured(forecast: Forecast | None) -> Measured:
    """At the last probe: how far back, what is left there, and what the rates are made of."""
    if forecast is None:
        return {}
    found: dict[tuple[str, str], float] = {}
    judged = [one for one in forecast.flow.profiles if one.scope == "model"]
    if judged:
        last = max(judged, key=lambda one: one.step)
        found[HORIZON, last.scope] = float(last.horizon.value)
        if last.ratio_at_required_lag is not None:
            found[RATIO, last.scope] = last.ratio_at_required_lag.value
    for series in forecast.dynamics.series:
        is_laid_out = series.quantity == _LARGEST_EXPONENT or series.quantity.startswith(_SUM_RULE)
        if is_laid_out and series.values_n.size:
            found[series.quantity, series.scope] = float(series.values_n[-1])
    return found


def _is_trusted(flow: GradientFlow) -> bool:
    precision = flow.run.spec.training.precision
    return all(
        has_passed(series.quantity, float(error), precision)
        for series in flow.checks
        for error in series.values_n[-1:]
    )
