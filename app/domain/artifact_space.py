"""Decides which runs that wait for space in the artifact folder may be claimed again."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

#: What such a run is held for, as clients read it.
ARTIFACT_SPACE = "artifact_space"


@dataclass(frozen=True, kw_only=True)
class SpaceWanted:
    """What one run needs in the artifact folder and does not have yet."""

    run_id: UUID
    num_bytes: int
    #: False for a run that may be claimed, or is claimed, and has not taken its space yet.
    is_held: bool


def runs_that_fit(wanted: Iterable[SpaceWanted], *, free_bytes: int) -> tuple[UUID, ...]:
    """Returns the held runs that fit into the free space together, in the order given.

    Runs that are no longer held come first: their space is still counted as free. A run that does
    not fit does not stop a smaller one behind it.
    """
    entries = list(wanted)
    left = free_bytes - sum(entry.num_bytes for entry in entries if not entry.is_held)
    found = []
    for entry in entries:
        if entry.is_held and entry.num_bytes <= left:
            left -= entry.num_bytes
            found.append(entry.run_id)
    return tuple(found)
