"""Read how far back a run's gradient reached, and whether the measurement can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from app.domain.errors import InvalidInput, Problem
from app.domain.runs import Run
from app.domain.telemetry import LagProfile
from app.store.database import UnitOfWork
from app.store.history import StoredSeries, probe_steps, profile_scopes, read_scalar_series
from app.store.profile_rows import read_profiles
from app.store.runs import find_run

CHECKSUM = "checksum_error"


@dataclass(frozen=True, kw_only=True)
class GradientFlow:
    """Profiles of the chosen probes by step, and every checksum in the range."""

    run: Run
    profiles: tuple[LagProfile, ...]
    checksums: tuple[StoredSeries, ...]


def read_gradient_flow(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_id: UUID,
    scopes: Sequence[str],
    from_step: int | None,
    to_step: int | None,
    max_probes: int,
) -> GradientFlow:
    """Of more than `max_probes` probes the first, the last and evenly spaced ones between.

    Raises NotFound, and InvalidInput that lists the scopes there are.
    """
    session = work.session
    run = find_run(session, workspace_id, run_id)
    if scopes:
        _check_scopes(scopes, profile_scopes(session, run_id))
    measured = probe_steps(session, run_id, from_step=from_step, to_step=to_step)
    profiles = read_profiles(session, run_id, steps=spread(measured, most=max_probes))
    return GradientFlow(
        run=run,
        profiles=tuple(one for one in profiles if not scopes or one.scope in scopes),
        checksums=read_scalar_series(
            session, run_id, quantities=[CHECKSUM], from_step=from_step, to_step=to_step
        ),
    )


def spread(steps: Sequence[int], *, most: int) -> list[int]:
    """At most so many of the steps, evenly spaced, the first and the last among them."""
    if len(steps) <= most:
        return list(steps)
    positions = np.linspace(0, len(steps) - 1, most).round().astype(int)
    return [steps[position] for position in np.unique(positions)]


def _check_scopes(scopes: Sequence[str], there: Sequence[str]) -> None:
    """Before the first probe any scope may still come."""
    unknown = [scope for scope in scopes if there and scope not in there]
    if unknown:
        detail = f"No lag profile has the scope {unknown[0][:100]!r}; there are {', '.join(there)}."
        problem = Problem(pointer="query/scope", detail=detail, code="unknown")
        raise InvalidInput(detail, problems=[problem])
