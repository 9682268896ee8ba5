"""Read several runs side by side: specs, results, curves, and how their gradients flow."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.errors import InvalidInput
from app.domain.probe_selection import ProbeSelection
from app.domain.runs import Run
from app.domain.scopes import Scope
from app.domain.side_by_side import SeedArm, SpecField, differing_fields, seed_arms
from app.domain.telemetry import LagProfile
from app.domain.windows.excerpt import Excerpt
from app.services.telemetry.plan_history import HistoryQuery
from app.services.telemetry.read_gradient_flow import gradient_flow_of
from app.services.telemetry.read_heat_map import FlowMap, read_flow_map
from app.services.telemetry.read_history import read_history
from app.store.database import UnitOfWork
from app.store.heat_maps import FlowScope
from app.store.runs import find_run

#: Probes of each run, and lags of its heat map.
MAX_PROBES, MAX_LAGS = 100, 120
_JUDGED = FlowScope(scope=str(Scope.model()), path="total")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared of the runs."""

    quantities: Sequence[str] = ()
    #: Of each series.
    max_points: int
    #: Both ends included; None for all steps.
    from_step: int | None = None
    to_step: int | None = None
    has_flows: bool = False

    @property
    def probes(self) -> ProbeSelection:
        return ProbeSelection(from_step=self.from_step, to_step=self.to_step, max_probes=MAX_PROBES)


@dataclass(frozen=True, kw_only=True)
class ComparedRuns:
    """Runs in the order asked for."""

    runs: tuple[Run, ...]
    differences: tuple[SpecField, ...]
    arms: tuple[SeedArm, ...]
    #: Run -> its series.
    excerpts: Mapping[UUID, tuple[Excerpt, ...]]
    #: Run -> its lag profiles of the whole model, by step.
    profiles: Mapping[UUID, tuple[LagProfile, ...]]
    #: One for each run; none unless they were asked for.
    flows: tuple[FlowMap, ...]


def compare_runs(
    work: UnitOfWork, *, workspace_id: UUID, run_ids: Sequence[UUID], comparison: Comparison
) -> ComparedRuns:
    """Quantities that a run did not measure are left out of its series. Raises NotFound."""
    runs = tuple(find_run(work.session, workspace_id, run_id) for run_id in run_ids)
    specs = [run.spec for run in runs]
    return ComparedRuns(
        runs=runs,
        differences=differing_fields(specs),
        arms=seed_arms(specs),
        excerpts={run.id: _excerpts(work, run, comparison) for run in runs},
        profiles={run.id: _profiles(work, run, comparison.probes) for run in runs},
        flows=tuple(_flow(work, run, comparison.probes) for run in runs)
        if comparison.has_flows
        else (),
    )


def _excerpts(work: UnitOfWork, run: Run, comparison: Comparison) -> tuple[Excerpt, ...]:
    found: list[Excerpt] = []
    between = HistoryQuery(
        quantities=(), from_step=comparison.from_step, to_step=comparison.to_step
    )
    for quantity in comparison.quantities:
        with suppress(InvalidInput):
            history = read_history(
                work,
                workspace_id=run.workspace_id,
                run_id=run.id,
                query=replace(between, quantities=(quantity,)),
                max_points=comparison.max_points,
            )
            found += history.excerpts
    return tuple(one for one in found if one.count)


def _profiles(work: UnitOfWork, run: Run, selection: ProbeSelection) -> tuple[LagProfile, ...]:
    flow = gradient_flow_of(work.session, run, selection)
    return tuple(one for one in flow.profiles if one.scope == Scope.model() and one.path == "total")


def _flow(work: UnitOfWork, run: Run, selection: ProbeSelection) -> FlowMap:
    return read_flow_map(
        work,
        workspace_id=run.workspace_id,
        run_id=run.id,
        shown=_JUDGED,
        selection=selection,
        max_lags=MAX_LAGS,
    )
