"""Reads the chunks of a run: the requested columns of the steps in a range, bit for bit."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.specs.base import MAX_INT
from app.domain.windows.window import WINDOW_STEPS
from app.store.database import BINARY_RESULTS
from app.store.tables import telemetry_chunks

#: Steps that are read at once by callers that read many: whole windows.
PAGE_STEPS = 16 * WINDOW_STEPS[0]
_CHUNKS_AT = text("""
    SELECT DISTINCT chunk.seq
    FROM unnest(CAST(:steps AS integer[])) AS wanted (step)
    CROSS JOIN LATERAL (
        SELECT seq FROM telemetry_chunks
        WHERE run_id = :run_id AND last_step >= wanted.step
        ORDER BY last_step LIMIT 1
    ) AS chunk
""")


@dataclass(frozen=True, kw_only=True)
class StoredChunk:
    """The n steps that one flush stored, with the columns that were asked for."""

    seq: int
    attempt: int
    recorded_at: datetime
    #: (n,) ascending.
    steps_n: NDArray[np.int32]
    #: Column -> (n,), or (n, P) for a quantity of each of P parameter tensors. Columns that were
    #: not recorded are left out.
    values: Mapping[str, NDArray[np.float32]]


def read_chunks(
    session: Session,
    run_id: UUID,
    *,
    columns: Sequence[str],
    from_step: int | None = None,
    to_step: int | None = None,
    seqs: Collection[int] | None = None,
    limit: int | None = None,
) -> list[StoredChunk]:
    """Returns the chunks with a step from `from_step` to `to_step`, both included, in order.

    The first and the last chunk may also have steps outside of the range. `seqs`, where given,
    restricts the result to these chunks.
    """
    table = telemetry_chunks
    query = select(
        *(table.c.seq, table.c.attempt, table.c.recorded_at),
        *(table.c.first_step, table.c.last_step),
        *(table.c[name] for name in columns),
    ).where(table.c.run_id == run_id)
    if from_step is not None:
        query = query.where(table.c.last_step >= from_step)
    if to_step is not None:
        # the chunk with the last step ends the scan of the index
        end = (
            select(func.min(table.c.last_step))
            .where(table.c.run_id == run_id, table.c.last_step >= to_step)
            .scalar_subquery()
        )
        query = query.where(
            table.c.last_step <= func.coalesce(end, MAX_INT), table.c.first_step <= to_step
        )
    if seqs is not None:
        query = query.where(table.c.seq.in_(seqs))
    query = query.order_by(table.c.last_step).limit(limit)
    rows = session.execute(query, execution_options=BINARY_RESULTS).all()
    steps = _steps_of(session, run_id, rows)
    return [_chunk(row, steps[row[0]], columns) for row in rows]


def iterate_chunks(
    session: Session, run_id: UUID, *, columns: Sequence[str], from_step: int, to_step: int
) -> Iterator[list[StoredChunk]]:
    """Yields chunks with only the steps of the range, in pages of at most `PAGE_STEPS` steps.

    The memory does not grow with the range. A page ends with a window of the lowest level.
    """
    while from_step <= to_step:
        end = min(to_step, from_step // PAGE_STEPS * PAGE_STEPS + PAGE_STEPS - 1)
        page = read_chunks(session, run_id, columns=columns, from_step=from_step, to_step=end)
        if page:
            yield [_within(chunk, from_step=from_step, to_step=end) for chunk in page]
        from_step = end + 1


def chunks_at(session: Session, run_id: UUID, steps: Sequence[int]) -> list[int]:
    """Returns the numbers of the chunks that hold one of these recorded steps."""
    found = session.execute(_CHUNKS_AT, {"run_id": run_id, "steps": list(steps)})
    return list(found.scalars())


def step_bounds(session: Session, run_id: UUID) -> tuple[int, int] | None:
    """Returns the first and the last recorded step; None without any."""
    table = telemetry_chunks
    ends = (
        select(table.c.first_step).order_by(table.c.last_step),
        select(table.c.last_step).order_by(table.c.last_step.desc()),
    )
    # one statement for both, since each takes a round trip
    found = (end.where(table.c.run_id == run_id).limit(1).scalar_subquery() for end in ends)
    first, last = session.execute(select(*found)).one()
    return None if first is None else (first, last)


def _within(chunk: StoredChunk, *, from_step: int, to_step: int) -> StoredChunk:
    place = place_of(chunk.steps_n, from_step=from_step, to_step=to_step)
    return replace(
        chunk,
        steps_n=chunk.steps_n[place],
        values={name: values[place] for name, values in chunk.values.items()},
    )


def place_of(steps_n: NDArray[np.int32], *, from_step: int | None, to_step: int | None) -> slice:
    """Returns where the steps from `from_step` to `to_step`, both included, are."""
    start = 0 if from_step is None else int(np.searchsorted(steps_n, from_step))
    stop = steps_n.size if to_step is None else int(np.searchsorted(steps_n, to_step, "right"))
    return slice(start, stop)


def _steps_of(
    session: Session, run_id: UUID, rows: Sequence[Sequence[Any]]
) -> Mapping[int, NDArray[np.int32]]:
    """Returns seq -> steps. They are read only where the chunk leaves out a step, which is rare."""
    known: dict[int, NDArray[np.int32]] = {}
    missing: list[int] = []
    # by position, as access by name takes most of the time of a read of many chunks
    for seq, _, _, first_step, last_step, *values in rows:
        if _num_steps(values) == last_step - first_step + 1:
            known[seq] = np.arange(first_step, last_step + 1, dtype=np.int32)
        else:
            missing.append(seq)
    if not missing:
        return known
    table = telemetry_chunks
    query = select(table.c.seq, table.c.steps).where(
        table.c.run_id == run_id, table.c.seq.in_(missing)
    )
    return known | {
        row.seq: row.steps for row in session.execute(query, execution_options=BINARY_RESULTS)
    }


def _num_steps(values: Sequence[NDArray[np.float32] | None]) -> int | None:
    """Returns the number of steps of a chunk; None if none of its columns that were read is there.

    Steps differ and ascend: with as many as lie between the ends, none is left out.
    """
    for found in values:
        if found is not None:
            return len(found)
    return None


def _chunk(row: Sequence[Any], steps_n: NDArray[np.int32], columns: Sequence[str]) -> StoredChunk:
    seq, attempt, recorded_at, _, _, *values = row
    found = zip(columns, values, strict=True)
    return StoredChunk(
        seq=seq,
        attempt=attempt,
        recorded_at=recorded_at,
        steps_n=steps_n,
        values={name: values_n for name, values_n in found if values_n is not None},
    )
