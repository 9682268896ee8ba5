"""Readings as lines of CSV, a block at a time.

Legend: p readings of a block.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from app.api.models.history_blocks import Block

#: Lines of CSV that are formatted at once.
CSV_LINES = 4096
CSV_HEADER = "step,recorded_at,quantity,scope,value\n"


def csv_parts(blocks: Iterable[Block]) -> Iterator[str]:
    """The header, and then at most `CSV_LINES` lines at a time."""
    yield CSV_HEADER
    for block in blocks:
        for start in range(0, block.steps_p.size, CSV_LINES):
            yield _lines(block, slice(start, start + CSV_LINES))


def _lines(block: Block, place: slice) -> str:
    end = f",{block.quantity},{block.scope},"
    rows = zip(
        block.steps_p[place].tolist(),
        moments(block.recorded_at_p[place]),
        map(str, block.values_p[place]),
        strict=True,
    )
    return "".join(f"{step},{moment}{end}{value}\n" for step, moment, value in rows)


def moments(recorded_at_p: NDArray[np.int64]) -> Iterator[str]:
    """RFC 3339 of microseconds since 1970 UTC."""
    return (f"{moment}Z" for moment in np.datetime_as_string(recorded_at_p.astype("M8[us]")))
