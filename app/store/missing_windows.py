"""Makes the windows of ended runs of an earlier release, a bounded part at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.domain.windows.window import WINDOW_STEPS
from app.store.chunks import StoredChunk, read_chunks
from app.store.tables import runs
from app.store.windows import COLUMNS, WindowRow, insert_windows, window_rows

_SIZE, _PART_STEPS = WINDOW_STEPS[:2]
#: The condition of the index `ix_runs_without_windows`.
_LACKS_WINDOWS = text(
    "ended_at IS NOT NULL AND telemetry_dropped_at IS NULL "
    "AND progress_step - windowed_steps >= 1024"
)


@dataclass(frozen=True, kw_only=True)
class MissingPart:
    """At most 2 ** 15 steps of a run, with their chunks."""

    run_id: UUID
    #: Of the run when the chunks were read.
    version: int
    windowed_steps: int
    start: int
    end: int
    chunks: Sequence[StoredChunk]

    def rows(self) -> list[WindowRow]:
        """Computes the windows of the lowest level."""
        return window_rows(self.chunks, start=self.start, end=self.end)


def read_missing_part(session: Session) -> MissingPart | None:
    """Returns the next part of a run that lacks windows; None if no run does."""
    found = session.execute(
        select(runs.c.id, runs.c.version, runs.c.windowed_steps, runs.c.progress_step)
        .where(_LACKS_WINDOWS)
        .order_by(runs.c.id)
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    start, end = found.windowed_steps, found.progress_step // _SIZE * _SIZE
    first = read_chunks(
        session, found.id, columns=("loss",), from_step=start, to_step=end - 1, limit=1
    )
    chunks: Sequence[StoredChunk] = ()
    if first:
        start = max(start, int(first[0].steps_n[0]) // _SIZE * _SIZE)
        end = min(end, start // _PART_STEPS * _PART_STEPS + _PART_STEPS)
        chunks = read_chunks(session, found.id, columns=COLUMNS, from_step=start, to_step=end - 1)
    return MissingPart(
        run_id=found.id,
        version=found.version,
        windowed_steps=found.windowed_steps,
        start=start,
        end=end,
        chunks=chunks,
    )


def store_missing_part(session: Session, part: MissingPart, rows: Sequence[WindowRow]) -> bool:
    """Stores the windows; returns False, without a change, if the run has changed since."""
    changed = session.execute(
        update(runs)
        .where(
            runs.c.id == part.run_id,
            runs.c.version == part.version,
            runs.c.windowed_steps == part.windowed_steps,
        )
        .values(windowed_steps=part.end)
        .returning(runs.c.id)
    ).one_or_none()
    if changed is None:
        return False
    num_bytes = insert_windows(session, part.run_id, rows, start=part.start, end=part.end)
    more = {"telemetry_bytes": runs.c.telemetry_bytes + num_bytes}
    session.execute(update(runs).where(runs.c.id == part.run_id).values(more))
    return True
