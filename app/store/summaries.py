"""Reads what the windows of a run say of its series; the steps at the ends come from the chunks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.windows.cover import Span, cover
from app.domain.windows.excerpt import SeriesSummary
from app.domain.windows.overview import OUTLINE, outlines_of
from app.domain.windows.packing import unpack
from app.domain.windows.window import WINDOW_STEPS, IntArray, Window, aligned, merge, summarise
from app.store.chunks import iterate_chunks
from app.store.database import BINARY_RESULTS
from app.store.windows import NO_TENSOR, SeriesKey

_SIZE = WINDOW_STEPS[0]
#: Looks up each window by the primary key.
_WINDOWS = text("""
    SELECT stored.quantity, stored.tensor, stored.packed, stored.outlines
    FROM unnest(
        CAST(:levels AS smallint[]), CAST(:numbers AS integer[]),
        CAST(:quantities AS text[]), CAST(:tensors AS integer[])
    ) AS wanted (level, number, quantity, tensor)
    JOIN telemetry_windows AS stored USING (level, number, quantity, tensor)
    WHERE stored.run_id = :run_id
""")


def read_summaries(
    session: Session,
    run_id: UUID,
    keys: Sequence[SeriesKey],
    *,
    from_step: int,
    to_step: int,
    windowed_steps: int,
) -> Mapping[SeriesKey, SeriesSummary]:
    """Returns the summary of each series that has a reading in the range.

    Both ends are included. `windowed_steps` is the run's column.
    """
    found = cover(from_step, to_step, windowed_steps=windowed_steps)
    parts: dict[SeriesKey, _Parts] = {key: _Parts() for key in keys}
    for row in _stored(session, run_id, keys, found.spans):
        key = SeriesKey(column=row.quantity, tensor=row.tensor)
        parts[key].add([unpack(row.packed)], outlines=row.outlines)
    for first, last in found.rest:
        for key, windows in _unstored(session, run_id, keys, first, last):
            parts[key].add(windows)
    return {key: part.summary() for key, part in parts.items() if part.windows}


def read_non_finite(
    session: Session,
    run_id: UUID,
    key: SeriesKey,
    summary: SeriesSummary,
    *,
    windowed_steps: int,
    limit: int,
) -> tuple[IntArray, NDArray[np.int8]]:
    """Returns the steps and the kinds of the first `limit` non-finite readings of a summary."""
    listed = summary.window.non_finite
    if listed.steps_k.size == min(listed.count, limit):
        return listed.steps_k, listed.kinds_k
    bad_w = summary.outlines[summary.outlines["num_non_finite"] > 0]
    bad_w = bad_w[: int(np.searchsorted(np.cumsum(bad_w["num_non_finite"]), limit)) + 1]
    is_stored_w = (bad_w["first_step"] // _SIZE + 1) * _SIZE <= windowed_steps
    numbers = np.unique(bad_w["first_step"][is_stored_w] // _SIZE).tolist()
    spans = [Span(level=0, first_number=number, last_number=number) for number in numbers]
    windows = [unpack(row.packed) for row in _stored(session, run_id, [key], spans)]
    for outline in bad_w[~is_stored_w]:
        first, last = int(outline["first_step"]), int(outline["last_step"])
        for _, found in _unstored(session, run_id, [key], first, last):
            windows += found
    steps_k = np.concatenate([window.non_finite.steps_k for window in windows])
    kinds_k = np.concatenate([window.non_finite.kinds_k for window in windows])
    order_k = np.argsort(steps_k)
    # the windows at the ends also list steps outside of the range
    is_inside_k = (steps_k[order_k] >= summary.window.first.step) & (
        steps_k[order_k] <= summary.window.last.step
    )
    order_k = order_k[is_inside_k][:limit]
    return steps_k[order_k], kinds_k[order_k]


class _Parts:
    """The windows of one series so far; many are merged, which bounds the memory."""

    _MAX_WINDOWS = 256

    def __init__(self) -> None:
        self.windows: list[Window] = []
        #: First step of a part, and the outlines in it.
        self._outlines: list[tuple[int, bytes]] = []

    def add(self, windows: Sequence[Window], *, outlines: bytes = b"") -> None:
        """Adds windows in order; `outlines`, unless empty, are of those of the lowest level."""
        packed = outlines or outlines_of(windows).tobytes()
        self._outlines.append((windows[0].first.step, packed))
        self.windows += windows
        if len(self.windows) > self._MAX_WINDOWS:
            self.windows = [merge(self.windows)]

    def summary(self) -> SeriesSummary:
        packed = b"".join(part for _, part in sorted(self._outlines))
        return SeriesSummary(
            window=merge(self.windows), outlines=np.frombuffer(packed, dtype=OUTLINE)
        )


def _stored(
    session: Session, run_id: UUID, keys: Sequence[SeriesKey], spans: Iterable[Span]
) -> Iterable[Row[Any]]:
    places = [
        (span.level, number)
        for span in spans
        for number in range(span.first_number, span.last_number + 1)
    ]
    if not places:
        return ()
    wanted = [(place, key) for place in places for key in keys]
    parameters = {
        "run_id": run_id,
        "levels": [place[0] for place, _ in wanted],
        "numbers": [place[1] for place, _ in wanted],
        "quantities": [key.column for _, key in wanted],
        "tensors": [key.tensor for _, key in wanted],
    }
    return session.execute(_WINDOWS, parameters, execution_options=BINARY_RESULTS)


def _unstored(
    session: Session, run_id: UUID, keys: Sequence[SeriesKey], from_step: int, to_step: int
) -> Iterator[tuple[SeriesKey, list[Window]]]:
    """Yields windows and pieces of such that are computed from the chunks."""
    columns = sorted({key.column for key in keys})
    pages = iterate_chunks(session, run_id, columns=columns, from_step=from_step, to_step=to_step)
    for page in pages:
        for key in keys:
            found = [chunk for chunk in page if key.column in chunk.values]
            if not found:
                continue
            steps_n = np.concatenate([chunk.steps_n for chunk in found])
            values_n = np.concatenate([_series(chunk.values[key.column], key) for chunk in found])
            windows = [
                summarise(steps_n[place], values_n[place])
                for _, place in aligned(steps_n, size=_SIZE)
            ]
            yield key, windows


def _series(values: NDArray[np.float32], key: SeriesKey) -> NDArray[np.float32]:
    return values if key.tensor == NO_TENSOR else values[:, key.tensor]
