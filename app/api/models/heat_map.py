"""The view of a heat map: its cells as base64, since a hundred thousand numbers as text are slow.

Legend: P probes, T lags.
"""

import base64
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.api.models.request import RequestModel
from app.api.models.telemetry_query import Step, Word
from app.api.models.view import View
from app.domain.probe_selection import ProbeSelection
from app.domain.task import RequiredLag
from app.domain.telemetry import Path
from app.services.telemetry.read_heat_map import FlowMap
from app.store.heat_maps import FlowScope, HeatMap

#: Cells that are no number: past the end of a sequence, exactly 0, NaN or infinite.
NOTHING, ZERO, NOT_FINITE = 0, 1, 2
#: The cell of the least number, and of the greatest.
LEAST, GREATEST = 3, 65_535
#: Nine digits tell all numbers of single precision apart.
_DIGITS = 9
#: Base-10 logarithms of the least and the greatest number of a scale.
Limits = tuple[float, float]


class HeatMapParameters(RequestModel):
    """The query of a heat map."""

    scope: Word = "model"
    """`model`, `layer:0` or `layer:0/reverse`. The error for an unknown one lists those there."""
    path: Path = "total"
    """`total`: through every path; `within_layer`; `untruncated`: as without `bptt_length`."""
    from_step: Step | None = None
    """First optimizer step. Null: the first that was measured."""
    to_step: Step | None = None
    """Inclusive."""
    max_probes: Annotated[int, Field(ge=1, le=1000)] = 500
    """The first, the last and evenly spaced probes between."""
    max_lags: Annotated[int, Field(ge=1, le=1000)] = 800
    """The first, the last and evenly spaced lags between."""

    def selection(self) -> ProbeSelection:
        return ProbeSelection(
            from_step=self.from_step, to_step=self.to_step, max_probes=self.max_probes
        )

    def shown(self) -> FlowScope:
        return FlowScope(scope=self.scope, path=self.path)


class FlowScopeView(View):
    """What a heat map of the gradient shows: the model or a layer, and the paths."""

    scope: str
    """`model`, or a layer and its direction."""
    path: Path
    """The paths through which the gradient was followed."""


class HeatMapView(View):
    """The gradient flow of one scope. Lists except `lags` have one entry per probe."""

    run_id: UUID
    """Id of the run or of the preflight."""
    required_lag: RequiredLag
    """How many timesteps back the target depends on the input, and how that is known."""
    scopes: list[FlowScopeView]
    """What can be asked for. The first is judged. Empty before the first probe."""
    scope: str
    """The scope that is shown."""
    path: Path
    """The path that is shown."""
    steps: list[int]
    """Optimizer steps of the probes."""
    lags: list[int]
    """Timesteps back from the loss term: the columns of the cells."""
    low: float
    """Base-10 logarithm of the gradient's norm in a cell of 3."""
    high: float
    """The same in a cell of 65,535; between them cells are linear."""
    cells: str
    """Base64 of unsigned 16-bit integers, low byte first, one row of lags per probe. 0: past the
    end of a sequence; 1: exactly 0; 2: NaN or infinite."""
    gradient_horizon: list[float]
    """Largest lag, in timesteps, before the norm first falls below `threshold` of that at lag 0."""
    horizon_low: list[float]
    """Lower end of its 95 % interval, in timesteps."""
    horizon_high: list[float]
    """Upper end of its 95 % interval, in timesteps."""
    censored: list[bool]
    """True: the norm never falls below the threshold, so the horizon is at least that long."""
    threshold: list[float]
    """Fraction of the norm at lag 0, without unit."""
    ratio_at_required_lag: list[float | None]
    """Norm at the lag that the task needs / norm at lag 0, without unit."""


def view_heat_map(found: FlowMap, limits: Limits | None = None) -> HeatMapView:
    """Cells are on the scale of `limits`; by default on that of the map's own numbers."""
    heat_map, task = found.heat_map, found.run.task
    log10_PT = heat_map.log_norm_PT / math.log(10)
    low, high = limits_of([log10_PT]) if limits is None else limits
    return HeatMapView(
        run_id=found.run.id,
        required_lag=task.required_lag if task else RequiredLag(),
        scopes=[FlowScopeView(scope=one.scope, path=one.path) for one in found.scopes],
        scope=found.shown.scope,
        path=found.shown.path,
        steps=heat_map.steps_P.tolist(),
        lags=heat_map.lags_T.tolist(),
        low=_number(low),
        high=_number(high),
        cells=encode_cells(log10_PT, (low, high)),
        gradient_horizon=_numbers(heat_map.horizon_P),
        horizon_low=_numbers(heat_map.horizon_low_P),
        horizon_high=_numbers(heat_map.horizon_high_P),
        censored=heat_map.is_censored_P.tolist(),
        threshold=_numbers(heat_map.threshold_P),
        ratio_at_required_lag=[
            value if math.isfinite(value) else None for value in _numbers(heat_map.ratio_P)
        ],
    )


def view_heat_maps(found: Sequence[FlowMap]) -> list[HeatMapView]:
    """Returns the views of several maps, each probe relative to its own norm at lag 0.

    Runs whose losses have different sizes can be compared by that alone. All have the scale of all
    their numbers together.
    """
    relative = [replace(one, heat_map=_relative(one.heat_map)) for one in found]
    limits = limits_of(one.heat_map.log_norm_PT / math.log(10) for one in relative)
    return [view_heat_map(one, limits) for one in relative]


def _relative(heat_map: HeatMap) -> HeatMap:
    """Nothing is a share of a norm at lag 0 that is 0 or not finite: such cells are not finite."""
    log_norm_PT = heat_map.log_norm_PT
    first_P1 = log_norm_PT[:, :1]
    has_share_P1 = np.isfinite(first_P1)
    shares_PT = log_norm_PT - np.where(has_share_P1, first_P1, 0)
    is_bad_PT = ~has_share_P1 & ~np.isnan(log_norm_PT)
    return replace(heat_map, log_norm_PT=np.where(is_bad_PT, np.inf, shares_PT))


def limits_of(maps: Iterable[NDArray[np.floating]]) -> Limits:
    """Returns the least and the greatest finite number of all maps; 0 and 1 without any."""
    finite = [log10_PT[np.isfinite(log10_PT)] for log10_PT in maps]
    numbers = np.concatenate([*finite, np.empty(0)])
    return (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)


def encode_cells(log10_PT: NDArray[np.floating], limits: Limits) -> str:
    """Returns the cells as text. No finite number lies outside the limits.

    A number between lies at most half a cell away from what its cell says: 1/131,064 of the range.
    """
    low, high = limits
    is_finite_PT = np.isfinite(log10_PT)
    finite = log10_PT[is_finite_PT].astype(np.float64)
    cells_PT = np.full(log10_PT.shape, NOT_FINITE, dtype="<u2")
    cells_PT[np.isneginf(log10_PT)] = ZERO
    cells_PT[np.isnan(log10_PT)] = NOTHING
    share = (finite - low) / max(high - low, 1e-12)
    cells_PT[is_finite_PT] = LEAST + np.rint(share * (GREATEST - LEAST)).astype("<u2")
    return base64.b64encode(cells_PT.tobytes()).decode()


def _numbers(values_P: NDArray[np.float64]) -> list[float]:
    return [_number(value) for value in values_P.tolist()]


def _number(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
