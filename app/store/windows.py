"""Stores the windows of a run's series with the batch that completes them; reads windows.

A window is stored once all its steps are. What the latest, incomplete one would hold is read from
the chunks. A rewind deletes the windows that a deleted batch completed, by their `seq`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import exists, select, text, update
from sqlalchemy.orm import Session

from app.domain.quantities import PER_TENSOR, SCALARS
from app.domain.telemetry import TelemetryChunk
from app.domain.windows.block import summarise_all
from app.domain.windows.overview import outlines_of
from app.domain.windows.packing import pack, unpack
from app.domain.windows.window import FAN_OUT, WINDOW_STEPS, aligned, merge
from app.store.arrays import ByteStrings
from app.store.chunks import read_chunks
from app.store.database import BINARY_RESULTS
from app.store.tables import runs, telemetry_chunks, telemetry_windows

_SIZE = WINDOW_STEPS[0]
#: One array a column: a statement for many rows costs little more than for one.
_INSERT = text("""
    INSERT INTO telemetry_windows
        (run_id, level, quantity, tensor, number, attempt, seq, packed, outlines)
    SELECT :run_id, :level, (CAST(:names AS text[]))[place], tensor, number, attempt, seq,
        packed, outlines
    FROM unnest(
        CAST(:places AS integer[]), CAST(:tensors AS integer[]), CAST(:numbers AS integer[]),
        CAST(:attempts AS integer[]), CAST(:seqs AS bigint[]),
        CAST(:packed AS bytea[]), CAST(:outlines AS bytea[])
    ) AS new (place, tensor, number, attempt, seq, packed, outlines)
""")
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


class MeasuredSteps(Protocol):
    """Steps of one batch: a stored chunk, or one that is being stored."""

    @property
    def seq(self) -> int: ...

    @property
    def attempt(self) -> int: ...

    @property
    def steps_n(self) -> NDArray[np.int32]: ...

    @property
    def values(self) -> Mapping[str, NDArray[np.float32]]: ...


@dataclass(frozen=True, kw_only=True)
class NewSteps:
    """The steps of a batch that is being stored."""

    seq: int
    attempt: int
    #: (n,) ascending.
    steps_n: NDArray[np.int32]
    #: Column -> (n,), or (n, P) for a quantity of each of P parameter tensors.
    values: Mapping[str, NDArray[np.float32]]

    @classmethod
    def of(cls, chunk: TelemetryChunk, *, seq: int, attempt: int) -> "NewSteps":
        columns = {
            **chunk.scalars,
            **{f"tensor_{quantity}": values for quantity, values in chunk.tensors.items()},
        }
        values = {name: found for name, found in columns.items() if found.size}
        return cls(seq=seq, attempt=attempt, steps_n=chunk.steps_n, values=values)


def store_completed_windows(
    session: Session, new: NewSteps, *, run_id: UUID, windowed_steps: int
) -> None:
    """Stores the windows that the steps of a batch complete.

    `windowed_steps` is the run's column. Nothing is stored while windows of earlier steps are
    missing, which an earlier release did not make. Sweeps make them once the run has ended.
    """
    first_step = int(new.steps_n[0])
    end = (int(new.steps_n[-1]) + 1) // _SIZE * _SIZE
    if end <= windowed_steps:
        return
    start = max(windowed_steps, first_step // _SIZE * _SIZE)
    if start > windowed_steps and _has_chunk(session, run_id, windowed_steps, start - 1):
        return
    measured: list[MeasuredSteps] = [new]
    if start < first_step:
        last = first_step - 1
        earlier = read_chunks(session, run_id, columns=COLUMNS, from_step=start, to_step=last)
        measured = [*earlier, new]
    rows = window_rows(measured, start=start, end=end)
    num_bytes = insert_windows(session, run_id, rows, start=start, end=end)
    changes = {"windowed_steps": end, "telemetry_bytes": runs.c.telemetry_bytes + num_bytes}
    session.execute(update(runs).where(runs.c.id == run_id).values(changes))


def window_rows(chunks: Sequence[MeasuredSteps], *, start: int, end: int) -> list[WindowRow]:
    """Returns the rows of the lowest level for the steps from `start` up to `end`.

    Both are multiples of a window's size. The chunks hold all these steps.
    """
    pieces: dict[tuple[int, int], list[_Piece]] = {}
    for column in COLUMNS:
        for piece in _pieces_of(column, chunks, start=start, end=end):
            pieces.setdefault((piece.number, piece.steps_n.size), []).append(piece)
    return [row for group in pieces.values() for row in _rows_of(group)]


def insert_windows(
    session: Session, run_id: UUID, rows: Sequence[WindowRow], *, start: int, end: int
) -> int:
    """Stores windows of the lowest level and those above that they complete.

    Returns the number of bytes of all of them, which count as the run's telemetry.
    """
    num_bytes = _insert(session, run_id, rows, level=0)
    for level, size in enumerate(WINDOW_STEPS[1:], start=1):
        for number in range(start // size, end // size):
            parents = list(_parents(session, run_id, level, number))
            num_bytes += _insert(session, run_id, parents, level=level)
    return num_bytes


def _has_chunk(session: Session, run_id: UUID, from_step: int, to_step: int) -> bool:
    table = telemetry_chunks
    found = exists().where(
        table.c.run_id == run_id, table.c.last_step >= from_step, table.c.first_step <= to_step
    )
    return bool(session.execute(select(found)).scalar_one())


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """The readings of one column in one window."""

    column: str
    number: int
    #: The batch that completed the window, and its attempt.
    seq: int
    attempt: int
    #: (n,), and (n,) or (n, P).
    steps_n: NDArray[np.int32]
    values: NDArray[np.float32]


def _pieces_of(
    column: str, chunks: Sequence[MeasuredSteps], *, start: int, end: int
) -> Iterator[_Piece]:
    found = [chunk for chunk in chunks if column in chunk.values]
    if not found:
        return
    steps_n = np.concatenate([chunk.steps_n for chunk in found])
    values_n = np.concatenate([chunk.values[column] for chunk in found])
    last_steps_c = np.array([chunk.steps_n[-1] for chunk in found])
    inside = slice(*np.searchsorted(steps_n, [start, end]))
    for number, place in aligned(steps_n[inside], size=_SIZE):
        last = min(int(np.searchsorted(last_steps_c, (number + 1) * _SIZE - 1)), len(found) - 1)
        yield _Piece(
            column=column,
            number=number,
            seq=found[last].seq,
            attempt=found[last].attempt,
            steps_n=steps_n[inside][place],
            values=values_n[inside][place],
        )


def _rows_of(pieces: Sequence[_Piece]) -> Iterator[WindowRow]:
    """Yields the rows of pieces of one window with as many readings each."""
    first = pieces[0]
    alike = [piece for piece in pieces if np.array_equal(piece.steps_n, first.steps_n)]
    others = [piece for piece in pieces if not np.array_equal(piece.steps_n, first.steps_n)]
    values_Sn = np.concatenate([_series_of(piece.values) for piece in alike])
    windows = iter(summarise_all(first.steps_n, values_Sn))
    for piece in alike:
        for tensor in _tensors_of(piece.values):
            yield WindowRow(
                key=SeriesKey(column=piece.column, tensor=tensor),
                number=piece.number,
                attempt=piece.attempt,
                seq=piece.seq,
                packed=pack(next(windows)),
            )
    if others:
        yield from _rows_of(others)


def _series_of(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns (S, n) series: one of the whole model, or one of each tensor."""
    return values[None] if values.ndim == 1 else values.T


def _tensors_of(values: NDArray[np.float32]) -> Iterable[int]:
    return (NO_TENSOR,) if values.ndim == 1 else range(values.shape[1])


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
    rows = session.execute(query, execution_options=BINARY_RESULTS).all()
    windows = [unpack(row.packed) for row in rows]
    outlines = [row.outlines for row in rows]
    if level == 1:
        outlines = [outline.tobytes() for outline in outlines_of(windows)]
    series: dict[SeriesKey, list[int]] = {}
    for place, row in enumerate(rows):
        series.setdefault(SeriesKey(column=row.quantity, tensor=row.tensor), []).append(place)
    for key, places in series.items():
        last = rows[places[-1]]
        yield WindowRow(
            key=key,
            number=number,
            attempt=last.attempt,
            seq=last.seq,
            packed=pack(merge([windows[place] for place in places])),
            outlines=b"".join(outlines[place] for place in places),
        )


def _insert(session: Session, run_id: UUID, found: Sequence[WindowRow], *, level: int) -> int:
    """Returns the number of bytes of the windows."""
    if not found:
        return 0
    columns = {
        "names": list(COLUMNS),
        "places": _integers(COLUMNS.index(row.key.column) + 1 for row in found),
        "tensors": _integers(row.key.tensor for row in found),
        "numbers": _integers(row.number for row in found),
        "attempts": _integers(row.attempt for row in found),
        "seqs": np.array([row.seq for row in found], dtype=np.int64),
        "packed": ByteStrings([row.packed for row in found]),
        "outlines": ByteStrings([row.outlines for row in found]),
    }
    session.execute(_INSERT, {"run_id": run_id, "level": level, **columns})
    return sum(len(row.packed) + len(row.outlines) for row in found)


def _integers(values: Iterable[int]) -> NDArray[np.int32]:
    return np.fromiter(values, dtype=np.int32)
