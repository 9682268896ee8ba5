"""Readings as an Arrow stream or as Parquet, a block at a time, so that the memory is bounded.

The columns are those of the CSV. A value is a double, which holds every stored number exactly; NaN
and the infinities are values and not nulls.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from app.api.models.history_blocks import Block

SCHEMA = pa.schema(
    [
        pa.field("step", pa.int32(), nullable=False),
        pa.field("recorded_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("quantity", pa.string(), nullable=False),
        pa.field("scope", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
    ]
)
#: Readings of a row group of Parquet at least, except for the last one.
ROW_GROUP = 2**17


def arrow_parts(blocks: Iterable[Block]) -> Iterator[bytes]:
    """The Arrow IPC streaming format: the schema, one record batch for each block, the end."""
    sink = _Sink()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        for block in blocks:
            writer.write_batch(_record_batch(block))
            yield sink.take()
    yield sink.take()


def parquet_parts(blocks: Iterable[Block]) -> Iterator[bytes]:
    """A Parquet file of row groups of about `ROW_GROUP` readings, and then its footer."""
    sink = _Sink()
    with parquet.ParquetWriter(sink, SCHEMA, use_dictionary=["quantity", "scope"]) as writer:
        for group in _groups(blocks):
            writer.write_table(pa.Table.from_batches(group))
            yield sink.take()
    yield sink.take()


def _groups(blocks: Iterable[Block]) -> Iterator[list[pa.RecordBatch]]:
    group: list[pa.RecordBatch] = []
    for block in blocks:
        group.append(_record_batch(block))
        if sum(batch.num_rows for batch in group) >= ROW_GROUP:
            yield group
            group = []
    if group:
        yield group


def _record_batch(block: Block) -> pa.RecordBatch:
    size = block.steps_p.size
    moments = pa.array(block.recorded_at_p, type=pa.int64())
    arrays = [
        pa.array(block.steps_p, type=pa.int32()),
        moments.view(SCHEMA.field("recorded_at").type),
        pa.repeat(block.quantity, size),
        pa.repeat(block.scope, size),
        # not from_pandas: NaN would become null
        pa.array(block.values_p.astype(np.float64), from_pandas=False),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


class _Sink:
    """What pyarrow takes for a file: it keeps what is written to it until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def tell(self) -> int:
        return self._position

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        self._position += len(part)
        return len(part)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
