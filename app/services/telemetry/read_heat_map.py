"""Read the gradient flow of one scope as a heat map: many probes, one curve of each."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import InvalidInput, Problem
from app.domain.probe_selection import ProbeSelection
from app.domain.runs import Run
from app.store.database import UnitOfWork
from app.store.heat_maps import FlowScope, HeatMap, flow_scopes, read_heat_map
from app.store.runs import find_run


@dataclass(frozen=True, kw_only=True)
class FlowMap:
    """A heat map, and what else of the run could be shown as one."""

    run: Run
    shown: FlowScope
    #: Empty before the first probe.
    scopes: tuple[FlowScope, ...]
    heat_map: HeatMap


def read_flow_map(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_id: UUID,
    shown: FlowScope,
    selection: ProbeSelection,
    max_lags: int,
) -> FlowMap:
    """Raises NotFound, and InvalidInput that lists the available scopes."""
    run = find_run(work.session, workspace_id, run_id)
    scopes = flow_scopes(work.session, run_id)
    if scopes and shown not in scopes:
        raise _no_such(shown, scopes)
    found = read_heat_map(work.session, run_id, shown, selection=selection, max_lags=max_lags)
    return FlowMap(run=run, shown=shown, scopes=scopes, heat_map=found)


def _no_such(shown: FlowScope, there: tuple[FlowScope, ...]) -> InvalidInput:
    known = ", ".join(f"{one.scope} by {one.path}" for one in there)
    detail = f"Nothing was measured in the scope {shown.scope[:100]!r} by {shown.path}; "
    detail += f"there are {known}."
    problem = Problem(pointer="query/scope", detail=detail, code="unknown")
    return InvalidInput(detail, problems=[problem])
