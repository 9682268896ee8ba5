"""Stores the windows of a run's series with the batch that completes them; reads windows.

A window is stored once all its steps are. What the latest, incomplete one would hold is read from
the chunks. A rewind deletes the windows that a deleted batch completed, by their `seq`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, exists, insert, select, update
from sqlalchemy.orm import Session

from app.domain.quantities import PER_TENSOR, SCALARS
from app.domain.telemetry import TelemetryChunk
from app.domain.windows.overview import outlines_of
from app.domain.windows.packing import pack, unpack
from app.domain.windows.window import FAN_OUT, WINDOW_STEPS, aligned, merge, summarise
from app.store.chunks import StoredChunk, read_chunks
from app.store.tables import runs, telemetry_chunks, telemetry_windows

_SIZE = WINDOW_STEPS[0]
#: The `tensor` of a series of the whole model.
NO_TENSOR = -1
#: Every column of the chunks that has windows.
COLUMNS = (*SCALARS, *(f"tensor_{quantity}" for quantity in PER_TENSOR))


@dataclass(frozen=True, kw_only=True)
class SeriesKey:
    """One series that is measured at every step."""

    #: Of the chunks: a quantity, or `tensor_` and a quantity of each tensor.
    column: str
    #: Position among the run's tensors.
    tensor: int = NO_TENSOR


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """A window as it is stored."""

    key: SeriesKey
    number: int
    #: Of the batch that completed it.
    attempt: int
    seq: int
    packed: bytes
    #: Of the windows of the lowest level in it; empty for such a window itself.
    outlines: bytes = b""


def store_completed_windows(
    session: Session,
    *,
    run_id: UUID,
    chunk: TelemetryChunk,
    windowed_steps: int,
) -> None:
    """Stores the windows that a chunk, which is stored already, completes.

    `windowed_steps` is the run's column. Nothing is stored while windows of earlier steps are
    missing, which an earlier release did not make. Sweeps make them once the run has ended.
    """
    end = (chunk.last_step + 1) // _SIZE * _SIZE
    if end <= windowed_steps:
        return
    start = max(windowed_steps, chunk.first_step // _SIZE * _SIZE)
    if start > windowed_steps and _has_chunk(session, run_id, windowed_steps, start - 1):
        return
    found = read_chunks(session, run_id, columns=COLUMNS, from_step=start, to_step=end - 1)
    rows = window_rows(found, start=start, end=end)
    insert_windows(session, run_id, rows, start=start, end=end)
    session.execute(update(runs).where(runs.c.id == run_id).values(windowed_steps=end))


def window_rows(chunks: Sequence[StoredChunk], *, start: int, end: int) -> list[WindowRow]:
    """Returns the rows of the lowest level for the steps from `start` up to `end`.

    Both are multiples of a window's size. The chunks hold all these steps.
    """
    return [row for column in COLUMNS for row in _rows_of(column, chunks, start=start, end=end)]


def insert_windows(
    session: Session, run_id: UUID, rows: Sequence[WindowRow], *, start: int, end: int
) -> None:
    """Stores windows of the lowest level and those above that they complete."""
    _insert(session, run_id, rows, level=0)
    for level, size in enumerate(WINDOW_STEPS[1:], start=1):
        for number in range(start // size, end // size):
            _insert(session, run_id, _parents(session, run_id, level, number), level=level)


def _has_chunk(session: Session, run_id: UUID, from_step: int, to_step: int) -> bool:
    table = telemetry_chunks
    found = exists().where(
        table.c.run_id == run_id, table.c.last_step >= from_step, table.c.first_step <= to_step
    )
    return bool(session.execute(select(found)).scalar_one())


def _rows_of(
    column: str, chunks: Sequence[StoredChunk], *, start: int, end: int
) -> Iterator[WindowRow]:
    found = [chunk for chunk in chunks if column in chunk.values]
    if not found:
        return
    steps_n = np.concatenate([chunk.steps_n for chunk in found])
    values_n = np.concatenate([chunk.values[column] for chunk in found])
    last_steps_c = np.array([chunk.steps_n[-1] for chunk in found])
    inside = slice(*np.searchsorted(steps_n, [start, end]))
    for number, place in aligned(steps_n[inside], size=_SIZE):
        last = min(int(np.searchsorted(last_steps_c, (number + 1) * _SIZE - 1)), len(found) - 1)
        for tensor, series_n in _series_of(values_n[inside][place]):
            yield WindowRow(
                key=SeriesKey(column=column, tensor=tensor),
                number=number,
                attempt=found[last].attempt,
                seq=found[last].seq,
                packed=pack(summarise(steps_n[inside][place], series_n)),
            )


def _series_of(values: NDArray[np.float32]) -> Iterable[tuple[int, NDArray[np.float32]]]:
    if values.ndim == 1:
        return [(NO_TENSOR, values)]
    return enumerate(np.ascontiguousarray(values.T))


def _parents(session: Session, run_id: UUID, level: int, number: int) -> Iterator[WindowRow]:
    """Yields the window of a level for each series that has windows on the level below."""
    table = telemetry_windows
    first = number * FAN_OUT
    query = (
        select(table)
        .where(
            table.c.run_id == run_id,
            table.c.level == level - 1,
            table.c.number.between(first, first + FAN_OUT - 1),
        )
        .order_by(table.c.quantity, table.c.tensor, table.c.number)
    )
    series: dict[SeriesKey, list[Row[Any]]] = {}
    for row in session.execute(query):
        series.setdefault(SeriesKey(column=row.quantity, tensor=row.tensor), []).append(row)
    for key, rows in series.items():
        windows = [unpack(row.packed) for row in rows]
        is_lowest = level == 1
        outlines = [row.outlines for row in rows]
        yield WindowRow(
            key=key,
            number=number,
            attempt=rows[-1].attempt,
            seq=rows[-1].seq,
            packed=pack(merge(windows)),
            outlines=outlines_of(windows).tobytes() if is_lowest else b"".join(outlines),
        )


def _insert(session: Session, run_id: UUID, rows: Iterable[WindowRow], *, level: int) -> None:
    values: list[Mapping[str, object]] = [
        {
            "run_id": run_id,
            "quantity": row.key.column,
            "tensor": row.key.tensor,
            "level": level,
            "number": row.number,
            "attempt": row.attempt,
            "seq": row.seq,
            "packed": row.packed,
            "outlines": row.outlines,
        }
        for row in rows
    ]
    if values:
        session.execute(insert(telemetry_windows), values)
