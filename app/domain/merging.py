"""Merges consecutive batches of readings, so that those that wait are stored as one."""

from collections.abc import Sequence

import numpy as np

from app.domain.telemetry import ReadingBatch, TelemetryChunk


def can_merge(earlier: ReadingBatch, later: ReadingBatch) -> bool:
    """Returns whether the two can be stored as one: their chunks have the same quantities."""
    if earlier.chunk is None or later.chunk is None:
        return True
    return (earlier.chunk.scalars.keys(), earlier.chunk.tensors.keys()) == (
        later.chunk.scalars.keys(),
        later.chunk.tensors.keys(),
    )


def merged(batches: Sequence[ReadingBatch]) -> ReadingBatch:
    """Returns one batch that carries what consecutive batches carry, which can be merged."""
    if len(batches) == 1:
        return batches[0]
    chunks = [batch.chunk for batch in batches if batch.chunk is not None]
    # the time of a batch is that of the last step in its chunk
    timed = [batch for batch in batches if batch.chunk is not None] or batches
    return ReadingBatch(
        chunk=_joined(chunks) if chunks else None,
        readings=tuple(reading for batch in batches for reading in batch.readings),
        rollbacks=tuple(rollback for batch in batches for rollback in batch.rollbacks),
        progress_step=batches[-1].progress_step,
        steps_per_second=batches[-1].steps_per_second,
        waited_s=sum(batch.waited_s for batch in batches),
        recorded_at=timed[-1].recorded_at,
        probe_seconds=batches[-1].probe_seconds,
        elapsed_s=batches[-1].elapsed_s,
    )


def _joined(chunks: Sequence[TelemetryChunk]) -> TelemetryChunk:
    first = chunks[0]
    return TelemetryChunk(
        steps_n=np.concatenate([chunk.steps_n for chunk in chunks]),
        scalars={
            name: np.concatenate([chunk.scalars[name] for chunk in chunks])
            for name in first.scalars
        },
        tensors={
            name: np.concatenate([chunk.tensors[name] for chunk in chunks])
            for name in first.tensors
        },
    )
