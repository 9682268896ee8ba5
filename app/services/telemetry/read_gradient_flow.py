"""Read a run's lag and position profiles, and the integrity checks of these measurements."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.integrity import CHECKS
from app.domain.probe_selection import EVERYTHING, ProbeSelection
from app.domain.runs import Run
from app.domain.telemetry import LagProfile, PositionProfile
from app.store.database import UnitOfWork
from app.store.history import StoredSeries, profile_scopes, read_scalar_series
from app.store.position_rows import read_positions
from app.store.probe_steps import choose_probe_steps
from app.store.profile_rows import read_profiles
from app.store.runs import find_run


@dataclass(frozen=True, kw_only=True)
class GradientFlow:
    """Profiles at the selected probes, by step, with the integrity checks.

    Of a range whose probes are not all selected only the checks of the selected probes are read.
    """

    run: Run
    profiles: tuple[LagProfile, ...]
    positions: tuple[PositionProfile, ...]
    checks: tuple[StoredSeries, ...]

    @property
    def checked_steps(self) -> Mapping[str, frozenset[int]]:
        """The steps of each check's readings, by quantity."""
        return {one.quantity: frozenset(map(int, one.steps_n)) for one in self.checks}


def read_gradient_flow(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, selection: ProbeSelection
) -> GradientFlow:
    """Raises NotFound, and InvalidInput that lists the available scopes."""
    run = find_run(work.session, workspace_id, run_id)
    return gradient_flow_of(work.session, run, selection)


def gradient_flow_of(
    session: Session, run: Run, selection: ProbeSelection = EVERYTHING
) -> GradientFlow:
    """Reads the gradient flow of a run. Raises InvalidInput that lists the available scopes."""
    scopes = selection.scopes
    selection.check_scopes(profile_scopes(session, run.id) if scopes else ())
    chosen = choose_probe_steps(session, run.id, selection)
    profiles = read_profiles(session, run.id, steps=chosen.steps)
    positions = read_positions(session, run.id, steps=chosen.steps)
    checks = read_scalar_series(
        session,
        run.id,
        quantities=tuple(CHECKS),
        from_step=selection.from_step,
        to_step=selection.to_step,
        at_steps=None if chosen.is_all else chosen.steps,
    )
    return GradientFlow(
        run=run,
        profiles=tuple(one for one in profiles if not scopes or str(one.scope) in scopes),
        positions=tuple(one for one in positions if not scopes or str(one.scope) in scopes),
        checks=checks,
    )
