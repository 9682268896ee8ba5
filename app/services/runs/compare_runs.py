"""Read several runs side by side: specs, results, curves and how far their gradients reach."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import InvalidInput
from app.domain.probe_selection import ProbeSelection
from app.domain.runs import Run
from app.domain.scopes import Scope
from app.domain.side_by_side import SpecField, differing_fields
from app.domain.telemetry import LagProfile
from app.domain.windows.excerpt import Excerpt
from app.services.telemetry.plan_history import HistoryQuery
from app.services.telemetry.read_gradient_flow import gradient_flow_of
from app.services.telemetry.read_history import read_history
from app.store.database import UnitOfWork
from app.store.runs import find_run

#: Probes of each run.
MAX_PROBES = 100


@dataclass(frozen=True, kw_only=True)
class ComparedRuns:
    """Runs in the order asked for."""

    runs: tuple[Run, ...]
    differences: tuple[SpecField, ...]
    #: Run -> its series.
    excerpts: Mapping[UUID, tuple[Excerpt, ...]]
    #: Run -> its lag profiles of the whole model, by step.
    profiles: Mapping[UUID, tuple[LagProfile, ...]]


def compare_runs(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_ids: Sequence[UUID],
    quantities: Sequence[str],
    max_points: int,
) -> ComparedRuns:
    """Quantities that a run did not measure are left out of its series. Raises NotFound."""
    runs = tuple(find_run(work.session, workspace_id, run_id) for run_id in run_ids)
    return ComparedRuns(
        runs=runs,
        differences=differing_fields([run.spec for run in runs]),
        excerpts={
            run.id: _excerpts(work, run, quantities=quantities, max_points=max_points)
            for run in runs
        },
        profiles={run.id: _profiles(work, run) for run in runs},
    )


def _excerpts(
    work: UnitOfWork, run: Run, *, quantities: Sequence[str], max_points: int
) -> tuple[Excerpt, ...]:
    found: list[Excerpt] = []
    for quantity in quantities:
        with suppress(InvalidInput):
            history = read_history(
                work,
                workspace_id=run.workspace_id,
                run_id=run.id,
                query=HistoryQuery(quantities=(quantity,)),
                max_points=max_points,
            )
            found += history.excerpts
    return tuple(one for one in found if one.count)


def _profiles(work: UnitOfWork, run: Run) -> tuple[LagProfile, ...]:
    flow = gradient_flow_of(work.session, run, ProbeSelection(max_probes=MAX_PROBES))
    return tuple(one for one in flow.profiles if one.scope == Scope.model() and one.path == "total")
