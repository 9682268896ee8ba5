"""Read which runs wait for space in the artifact folder, and how much each of them needs."""

from app.domain.artifact_space import SpaceWanted
from app.store.database import UnitOfWork
from app.store.holds import is_any_held, space_wanted


def read_holds(work: UnitOfWork) -> tuple[SpaceWanted, ...]:
    """Returns what all runs still need; nothing when no run is held."""
    return space_wanted(work.session) if is_any_held(work.session) else ()
