"""Read what a run's probes measured of its dynamics, and what they could not measure."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.dynamics import Unread, is_of_dynamics, unread
from app.domain.probe_selection import EVERYTHING, ProbeSelection
from app.domain.runs import Run
from app.store.database import UnitOfWork
from app.store.history import StoredSeries, read_scalar_series, scalar_scopes
from app.store.probe_steps import choose_scalar_steps
from app.store.reading_rows import read_probe_gaps
from app.store.runs import find_run


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """One series for each quantity and scope, at the selected probes."""

    run: Run
    series: tuple[StoredSeries, ...]
    #: What could not be measured; each reason is listed once for each quantity and scope.
    unread: tuple[Unread, ...]


def read_dynamics(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, selection: ProbeSelection
) -> Dynamics:
    """Raises NotFound, and InvalidInput that lists the available scopes."""
    run = find_run(work.session, workspace_id, run_id)
    return dynamics_of(work.session, run, selection)


def dynamics_of(session: Session, run: Run, selection: ProbeSelection = EVERYTHING) -> Dynamics:
    """Reads the dynamics of a run. Raises InvalidInput that lists the available scopes."""
    scopes_of = {
        quantity: scopes
        for quantity, scopes in scalar_scopes(session, run.id).items()
        if is_of_dynamics(quantity)
    }
    available = sorted({scope for scopes in scopes_of.values() for scope in scopes})
    selection.check_scopes(available)
    chosen = choose_scalar_steps(session, run.id, selection, quantities=list(scopes_of))
    found = read_scalar_series(
        session,
        run.id,
        quantities=list(scopes_of),
        at_steps=None if chosen.is_all else chosen.steps,
        from_step=selection.from_step,
        to_step=selection.to_step,
    )
    wanted = [one for one in found if not selection.scopes or one.scope in selection.scopes]
    gaps = [
        Unread(quantity=gap.quantity, scope=gap.scope, reason=gap.reason)
        for gap in read_probe_gaps(
            session, run.id, from_step=selection.from_step, to_step=selection.to_step
        )
    ]
    known = {*scopes_of, *(gap.quantity for gap in gaps)}
    never = unread(known, tier=run.spec.probes.tier, has_probes=bool(known))
    return Dynamics(
        run=run,
        series=tuple(wanted),
        unread=tuple(dict.fromkeys([*gaps, *never])),
    )
