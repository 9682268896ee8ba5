"""Read several preflights and compare each with the first: their specs and their results."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.domain.comparison import (
    COMPARED_SCALARS,
    HORIZON,
    RATIO,
    Figure,
    Measured,
    SpecDifference,
    figures_of,
    ranked,
    spec_differences,
)
from app.domain.integrity import decides, has_passed
from app.domain.scopes import Scope
from app.services.preflights.read_preflight import Preflight, PreflightResult, read_preflight
from app.services.telemetry.read_gradient_flow import GradientFlow


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One preflight of a comparison."""

    preflight: Preflight
    #: Where its spec differs from that of the base.
    differences: tuple[SpecDifference, ...]
    #: Values of its last probe beside those of the base; empty until it has succeeded.
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Preflights of several specs; the first is the base."""

    arms: tuple[Arm, ...]
    #: The quantity by which the arms are ranked; None when no quantity was measured in all of them.
    ranked_by: str | None
    #: Indexes of arms, the best first; arms whose integrity checks failed are left out.
    ranking: tuple[int, ...]

    @property
    def has_ended(self) -> bool:
        """Whether all preflights have ended."""
        return all(arm.preflight.run.status.has_ended for arm in self.arms)


def read_comparison(
    engine: Engine, *, workspace_id: UUID, preflight_ids: Sequence[UUID]
) -> Comparison:
    """Returns the comparison, with the first preflight as the base.

    Raises NotFound when one of the preflights does not exist.
    """
    return compare_preflights(
        [
            read_preflight(engine, workspace_id=workspace_id, preflight_id=preflight_id)
            for preflight_id in preflight_ids
        ]
    )


def compare_preflights(preflights: Sequence[Preflight]) -> Comparison:
    """Returns the comparison, with the first preflight as the base."""
    base = preflights[0]
    measured = [_measured(one.result) for one in preflights]
    by, ranking = ranked(
        [
            found if one.result is not None and _is_trusted(one.result.flow) else None
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


def _measured(result: PreflightResult | None) -> Measured:
    """Returns the compared quantities at the last probe.

    They are the horizon, the ratio at the required lag, the largest Lyapunov exponent and the terms
    of the sum rule.
    """
    if result is None:
        return {}
    found: dict[tuple[str, str], float] = {}
    judged = [one for one in result.flow.profiles if one.scope == Scope.model()]
    if judged:
        last = max(judged, key=lambda one: one.step)
        found[HORIZON, str(last.scope)] = float(last.horizon.value)
        if last.ratio_at_required_lag is not None:
            found[RATIO, str(last.scope)] = last.ratio_at_required_lag.value
    for series in result.dynamics.series:
        if series.quantity in COMPARED_SCALARS and series.values_n.size:
            found[series.quantity, series.scope] = float(series.values_n[-1])
    return found


def _is_trusted(flow: GradientFlow) -> bool:
    """Returns whether every integrity check that decides passed at its last probe."""
    precision = flow.run.spec.training.precision
    return all(
        has_passed(series.quantity, float(error), precision)
        for series in flow.checks
        for step, error in zip(series.steps_n[-1:], series.values_n[-1:], strict=True)
        if decides(series.quantity, int(step), flow.checked_steps)
    )
